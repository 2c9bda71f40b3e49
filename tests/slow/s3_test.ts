import { testFileStore } from "../contracts/file_store_suite.ts";
import { testContinuousS3 } from "../contracts/continuous_s3_suite.ts";
import { expectKilledExportsInS3 } from "../contracts/killed_exports_s3.ts";
import { testContinuousAppliance } from "../contracts/continuous_appliance_suite.ts";
import { testS3Faults } from "../contracts/s3_faults_suite.ts";
import { testS3Service } from "../contracts/s3_service_suite.ts";
import { startCeph } from "../support/ceph.ts";
import { openS3StoreBox } from "../support/file_store_box.ts";
import { bucketDestination } from "../support/destinations.ts";
import { LONG_FORMS } from "../support/killed_exports.ts";
import type { S3Server } from "../support/s3_server.ts";

// Takes minutes, so it runs only with the heavier checks.
const ignore = !Deno.env.has("REQUIRE_ALL");
let ceph: S3Server;

if (!ignore) {
  Deno.test.beforeAll(async () => void (ceph = await startCeph()));
  Deno.test.afterAll(async () => await ceph[Symbol.asyncDispose]());
}

/** One server for all tests, each of which has its own bucket. */
function shared(): Promise<S3Server> {
  return Promise.resolve({ ...ceph, [Symbol.asyncDispose]: () => Promise.resolve() });
}

testFileStore("Ceph", async () => await openS3StoreBox(await shared()), { ignore });
testS3Faults("Ceph", shared, {
  patience: { timeoutMs: 1_500, retryMaxMs: 100 },
  times: [1],
  ignore,
});
testS3Service("Ceph", shared, { ignore });
testContinuousS3("Ceph", shared, { patience: { timeoutMs: 5_000, retryMaxMs: 100 }, ignore });
testContinuousAppliance("Ceph", async () => await bucketDestination(await shared()), { ignore });

Deno.test({
  name: "long exports to S3 go on after each kill -9, and leave nothing but their files (Ceph)",
  ignore,
  fn: () => expectKilledExportsInS3(ceph, { forms: LONG_FORMS.slice(0, 2), rounds: 3 }),
});
