import { IMPORT_PRESETS_MAX } from "../../../data/limits.ts";
import { listImportPresets, putImportPreset } from "../../../kv/meters/import_presets.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { amount } from "../../support/thorough.ts";

Deno.test("as many presets as there can be are saved, also by requests at the same time, and no more", async () => {
  using kv = await Deno.openKv(":memory:");
  const put = (owner: string, name: string) =>
    putImportPreset(kv, { owner, name, title: "", options: {}, nowMs: 1 });
  // The last ones at the same time: each of many would wait for the others.
  const before = IMPORT_PRESETS_MAX - amount({ quick: 12, thorough: IMPORT_PRESETS_MAX });
  for (let at = 0; at < before; at++) assert(await put("key:a", `p${at}`) !== null);
  const made = await Promise.all(
    Array.from({ length: IMPORT_PRESETS_MAX + 3 - before }, (_, at) => put("key:a", `q${at}`)),
  );
  assertEquals(made.filter((one) => one === null).length, 3);
  assertEquals((await listImportPresets(kv, "key:a")).length, IMPORT_PRESETS_MAX);
  // One that is there can be replaced, and others have their own.
  const [{ name }] = await listImportPresets(kv, "key:a");
  assertEquals((await put("key:a", name))?.before?.createdMs, 1);
  assertEquals((await put("key:b", "p"))?.before, null);
});
