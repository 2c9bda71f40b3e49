import { IMPORT_PRESETS_MAX } from "../../../data/limits.ts";
import { listImportPresets, putImportPreset } from "../../../kv/meters/import_presets.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("as many presets as there can be are saved, also by requests at the same time, and no more", async () => {
  using kv = await Deno.openKv(":memory:");
  const put = (owner: string, name: string) =>
    putImportPreset(kv, { owner, name, title: "", options: {}, nowMs: 1 });
  const made = await Promise.all(
    Array.from({ length: IMPORT_PRESETS_MAX + 3 }, (_, at) => put("key:a", `p${at}`)),
  );
  assertEquals(made.filter((one) => one === null).length, 3);
  assertEquals((await listImportPresets(kv, "key:a")).length, IMPORT_PRESETS_MAX);
  // One that is there can be replaced, and others have their own.
  const [{ name }] = await listImportPresets(kv, "key:a");
  assertEquals((await put("key:a", name))?.before?.createdMs, 1);
  assertEquals((await put("key:b", "p"))?.before, null);
});
