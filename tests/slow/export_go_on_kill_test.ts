import { expectKilledExportsInS3 } from "../contracts/killed_exports_s3.ts";
import { expectKilledExports, LONG_FORMS } from "../support/killed_exports.ts";
import { startS3Double } from "../support/s3_double.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

Deno.test("long exports go on where they were after each kill -9, and have the bytes of those that were not killed", async () => {
  await using folder = await makeTempFolder();
  await expectKilledExports({ folder: folder.path, forms: LONG_FORMS, rounds: 5 });
});

Deno.test("long exports to S3 go on after each kill -9, too, and leave nothing but their files", async () => {
  await using server = startS3Double();
  await expectKilledExportsInS3(server, { forms: LONG_FORMS.slice(0, 2), rounds: 3 });
});
