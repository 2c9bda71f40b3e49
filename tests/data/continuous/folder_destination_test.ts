import { openFolderDestination } from "../../../data/continuous/folder_destination.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { never } from "../../support/file_store_box.ts";
import { listFiles } from "../../support/continuous_service.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const KEY = "device_id=D1/date=2026/02/07/export_120000.csv";
const object = (text: string) => ({
  bytes: new TextEncoder().encode(text),
  contentType: "text/csv",
});

Deno.test("an object in a folder is told with its length and checksum, and replaced whole", async () => {
  await using folder = await makeTempFolder();
  const destination = openFolderDestination(`${folder.path}/lake`);
  // As `printf abc | sha256sum` says.
  assertEquals(await destination.put(KEY, object("abc"), never), {
    sizeBytes: 3,
    sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  });
  await destination.put(KEY, object("d"), never);
  assertEquals(await Deno.readTextFile(`${folder.path}/lake/${KEY}`), "d");
  assertEquals(await listFiles(`${folder.path}/lake`), [KEY]);
  await destination.remove(KEY, never);
  await destination.remove(KEY, never);
  assertEquals(await listFiles(`${folder.path}/lake`), []);
});

Deno.test("many objects of one folder at once are all there", async () => {
  await using folder = await makeTempFolder();
  const destination = openFolderDestination(folder.path);
  const keys = Array.from({ length: 200 }, (_, index) => `device_id=D${index % 3}/a/${index}.csv`);
  await Promise.all(keys.map((key) => destination.put(key, object(key), never)));
  assertEquals(await listFiles(folder.path), keys.toSorted());
});

Deno.test("a put that is given up leaves the object as it was, and nothing beside it", async () => {
  await using folder = await makeTempFolder();
  const destination = openFolderDestination(folder.path);
  await destination.put(KEY, object("before"), never);
  const reason = new Error("enough");
  await assertRejects(
    () => destination.put(KEY, object("after"), AbortSignal.abort(reason)),
    Error,
    "enough",
  );
  assertEquals(await listFiles(folder.path), [KEY]);
  assertEquals(await Deno.readTextFile(`${folder.path}/${KEY}`), "before");
});

Deno.test("the sweep deletes what killed processes left, and no object", async () => {
  await using folder = await makeTempFolder();
  const destination = openFolderDestination(folder.path);
  assertEquals(await destination.sweep(never), 0);
  await destination.put(KEY, object("abc"), never);
  await Deno.writeTextFile(`${folder.path}/.unfinished/one.part`, "ab");
  assertEquals(await destination.sweep(never), 1);
  assertEquals(await listFiles(folder.path), [KEY]);
});

Deno.test("a folder that was taken away is made again by the next try", async () => {
  await using folder = await makeTempFolder();
  const destination = openFolderDestination(`${folder.path}/lake`);
  await destination.put(KEY, object("abc"), never);
  await Deno.remove(`${folder.path}/lake`, { recursive: true });
  await destination.put(KEY, object("abc"), never).catch(() => {});
  await destination.put(KEY, object("abc"), never);
  assertEquals(await listFiles(`${folder.path}/lake`), [KEY]);
});
