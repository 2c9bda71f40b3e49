import { getLoadedFile, setLoadedFile } from "../../../kv/stores/loaded_files.ts";
import { assertEquals } from "../../support/assert.ts";
import { strictKv } from "../../support/strict_kv.ts";

Deno.test("a loaded file is found by its name, as it was when it was last loaded", async () => {
  using kv = strictKv(await Deno.openKv(":memory:"));
  assertEquals(await getLoadedFile(kv, "a.csv"), null);
  const file = { path: "/data/a.csv", sizeBytes: 12, modifiedMs: 1_674_648_579_388 };
  await setLoadedFile(kv, "a.csv", file);
  await setLoadedFile(kv, "b.csv", { ...file, sizeBytes: 1 });
  assertEquals(await getLoadedFile(kv, "a.csv"), file);
  await setLoadedFile(kv, "a.csv", { ...file, sizeBytes: 13 });
  assertEquals((await getLoadedFile(kv, "a.csv"))?.sizeBytes, 13);
});
