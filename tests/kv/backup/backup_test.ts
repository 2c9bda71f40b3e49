import { DatabaseSync } from "node:sqlite";
import { makeBackup } from "../../../kv/backup/make_backup.ts";
import { restoreBackup, restoreShared } from "../../../kv/backup/restore_backup.ts";
import { openKv, SCHEMA_VERSION } from "../../../kv/opened_kv.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../support/assert.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const TO_BACK_UP = { onProgress: () => {}, waitMs: 0, elapsedMs: () => 0 };
const TO_RESTORE = {
  onProgress: () => {},
  mayReplace: false,
  nowMs: 0,
  pause: () => Promise.resolve(),
};

Deno.test("a database that is open and written is backed up as it is at one moment, and restored", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`, backup = `${folder.path}/backup`;
  {
    await using opened = await openKv(path);
    const { kv } = opened;
    let written = 0, isOver = false;
    const writing = (async () => {
      // Two entries of one commit, some of it in the journal.
      for (; !isOver; written++) {
        await kv.atomic().set(["job", written], written)
          .set(["segment", "meter", "m1", "w", written], new Uint8Array(500)).commit();
      }
    })();
    while (written < 50) await new Promise((resolve) => setTimeout(resolve, 1));
    const acknowledged = written;
    const { sizeBytes, schema } = await makeBackup(path, { ...TO_BACK_UP, to: backup });
    isOver = true;
    await writing;
    assertEquals(sizeBytes, (await Deno.stat(backup)).size);
    assertEquals(schema, SCHEMA_VERSION);
    await opened.kv.set(["job", "later"], true);
    assert(acknowledged >= 50);
    await expectEntries(`${folder.path}/copy`, backup, acknowledged);
  }
  assertEquals(namesIn(folder.path), [
    "backup",
    "copy",
    "copy.lock",
    "kv.sqlite3",
    "kv.sqlite3.lock",
  ]);

  const options = { ...TO_RESTORE, from: backup };
  await assertRejects(
    () => restoreBackup(path, options),
    Error,
    `use --replace to replace it: ${path}`,
  );
  await restoreBackup(path, { ...options, mayReplace: true });
  {
    await using opened = await openKv(path);
    assertEquals((await opened.kv.get(["job", "later"])).value, null);
  }
  using replaced = await Deno.openKv(`${path}.replaced`);
  assertEquals((await replaced.get(["job", "later"])).value, true);
});

Deno.test("a restore that is refused or fails leaves the database as it was", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`, backup = `${folder.path}/backup`;
  const from = async (name: string, make: (path: string) => Promise<void>) => {
    await make(`${folder.path}/${name}`);
    return `${folder.path}/${name}`;
  };
  const version = (number: number) => async (file: string) => {
    using kv = await Deno.openKv(file);
    await kv.set(["meta", "schema"], { v: 1, version: number });
  };
  {
    await using opened = await openKv(path);
    await opened.kv.set(["job", "here"], 1);
    await makeBackup(path, { ...TO_BACK_UP, to: backup });
    const inUse = { ...TO_RESTORE, from: backup, mayReplace: true };
    await assertRejects(() => restoreBackup(path, inUse), Error, "another process has it open");
  }
  const broken = await Deno.readFile(backup);
  const cases: [RegExp, string][] = [
    [/There is no backup/, `${folder.path}/nothing`],
    [
      /as a database/,
      await from("text", (file) => Deno.writeTextFile(file, "text".repeat(999))),
    ],
    [
      /as a database|damaged/,
      await from("cut", (file) => Deno.writeFile(file, broken.slice(0, 9_000))),
    ],
    [
      /not a database of this service/,
      await from("empty", async (file) => {
        using kv = await Deno.openKv(file);
        await kv.set(["a"], 1);
      }),
    ],
    [/newer release/, await from("newer", version(SCHEMA_VERSION + 1))],
  ];
  for (const [message, file] of cases) {
    const options = { ...TO_RESTORE, from: file, mayReplace: true };
    const error = await assertRejects(() => restoreBackup(path, options), Error);
    assert(message.test(error.message), `${file}: ${error.message}`);
    await using opened = await openKv(path);
    assertEquals((await opened.kv.get(["job", "here"])).value, 1, file);
  }
});

Deno.test("a damaged database is replaced, and kept", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`, backup = `${folder.path}/backup`;
  {
    await using opened = await openKv(path);
    await opened.kv.set(["job", "here"], 1);
    await makeBackup(path, { ...TO_BACK_UP, to: backup });
  }
  await Deno.writeTextFile(path, "no database at all");
  await restoreBackup(path, { ...TO_RESTORE, from: backup, mayReplace: true });
  await using opened = await openKv(path);
  assertEquals((await opened.kv.get(["job", "here"])).value, 1);
  assertEquals(await Deno.readTextFile(`${path}.replaced`), "no database at all");
});

Deno.test("a restore into a database that another program reads leaves it and the one replaced before", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`, backup = `${folder.path}/backup`;
  {
    await using opened = await openKv(path);
    await makeBackup(path, { ...TO_BACK_UP, to: backup });
    await opened.kv.set(["job", "here"], 1);
  }
  await Deno.writeTextFile(`${path}.replaced`, "before");
  const options = { ...TO_RESTORE, from: backup, mayReplace: true };
  {
    using kv = await Deno.openKv(path);
    await kv.set(["job", "later"], 1);
    // Deno 2.5 cannot dispose of it by itself.
    const reader = new DatabaseSync(path);
    using _closed = { [Symbol.dispose]: () => reader.close() };
    reader.exec("BEGIN; SELECT count(*) FROM kv");
    await kv.set(["job", "last"], 1);
    await assertRejects(() => restoreBackup(path, options), Error, `as it is in use: ${path}`);
  }
  assertEquals(await Deno.readTextFile(`${path}.replaced`), "before");
  using kv = await Deno.openKv(path);
  const jobs = await Array.fromAsync(kv.list({ prefix: ["job"] }), ({ key }) => key[1]);
  assertEquals(jobs, ["here", "last", "later"]);
});

Deno.test("where a file system has no links, the old database is copied, and stays until it is replaced", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`, backup = `${folder.path}/backup`;
  {
    await using opened = await openKv(path);
    await makeBackup(path, { ...TO_BACK_UP, to: backup });
    await opened.kv.set(["job", "here"], 1);
  }
  const { ino } = await Deno.stat(path);
  const { link } = Deno;
  Deno.link = () => Promise.reject(new Deno.errors.NotSupported("Operation not supported"));
  try {
    await restoreBackup(path, { ...TO_RESTORE, from: backup, mayReplace: true });
  } finally {
    Deno.link = link;
  }
  // It was not moved away: a kill at that moment would have left no database.
  assert((await Deno.stat(`${path}.replaced`)).ino !== ino);
  for (const [file, value] of [[path, null], [`${path}.replaced`, 1]] as const) {
    using kv = await Deno.openKv(file);
    assertEquals((await kv.get(["job", "here"])).value, value);
  }
});

Deno.test("a backup of what is not there, or is damaged, fails, and the older backup stays", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`, to = `${folder.path}/backup`;
  await Deno.writeTextFile(to, "older");
  await assertRejects(() => makeBackup(path, { ...TO_BACK_UP, to }), Error, `no database: ${path}`);
  assertEquals(namesIn(folder.path), ["backup"]);
  await Deno.writeTextFile(path, "text");
  const error = await assertRejects(() => makeBackup(path, { ...TO_BACK_UP, to }), Error);
  assertStringIncludes(error.message, "Cannot copy the file as a database");
  assertEquals(await Deno.readTextFile(to), "older");
});

Deno.test("what SQLite has left beside an older backup is not taken for a part of the new one", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`, to = `${folder.path}/backup`;
  await using _opened = await openKv(path);
  await makeBackup(path, { ...TO_BACK_UP, to });
  for (const suffix of ["-wal", "-shm", "-journal"]) await Deno.writeTextFile(to + suffix, "old");
  await makeBackup(path, { ...TO_BACK_UP, to });
  assertEquals(namesIn(folder.path).filter((name) => name.startsWith("backup")), ["backup"]);
});

Deno.test("a backup that is the database itself is refused, however its path is spelled", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`, link = `${folder.path}/link`;
  await using opened = await openKv(path);
  await opened.kv.set(["job", "here"], 1);
  await Deno.symlink(path, link);
  const before = await Deno.stat(path);
  for (const to of [path, `${folder.path}/./kv.sqlite3`, `${folder.path}/x/../kv.sqlite3`, link]) {
    await Deno.mkdir(`${folder.path}/x`, { recursive: true });
    const message = `The backup cannot be the database itself: ${to}`;
    await assertRejects(() => makeBackup(path, { ...TO_BACK_UP, to }), Error, message);
    const options = { ...TO_RESTORE, from: to, mayReplace: true };
    await assertRejects(() => restoreBackup(path, options), Error, message);
  }
  assertEquals((await Deno.stat(path)).ino, before.ino);
  assertEquals(namesIn(folder.path).filter((name) => name.endsWith(".part")), []);
});

Deno.test("a shared database is not replaced while a process writes to it, and is if none does", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`, backup = `${folder.path}/backup`;
  {
    await using opened = await openKv(path);
    await opened.kv.set(["job", "here"], 1);
    await makeBackup(path, { ...TO_BACK_UP, to: backup });
    await opened.kv.set(["job", "later"], 1);
  }
  using kv = await Deno.openKv(path);
  const options = { ...TO_RESTORE, from: backup, mayReplace: true };
  const pause = async () => void await kv.set(["pulse"], true);
  const refused = () => restoreShared(path, { ...options, pause });
  await assertRejects(refused, Error, "A service uses the database, as it has just written to it");
  assertEquals((await kv.get(["job", "later"])).value, 1);
  await restoreShared(path, options);
  const jobs = await Array.fromAsync(kv.list({ prefix: ["job"] }), ({ key }) => key[1]);
  assertEquals(jobs, ["here"]);
});

/** Makes sure that a backup has the entries of whole commits, at least so many. */
async function expectEntries(copy: string, backup: string, atLeast: number): Promise<void> {
  await Deno.copyFile(backup, copy);
  await using opened = await openKv(copy);
  const jobs = await Array.fromAsync(opened.kv.list({ prefix: ["job"] }));
  const segments = await Array.fromAsync(opened.kv.list({ prefix: ["segment"] }));
  assert(jobs.length >= atLeast, `${jobs.length} of ${atLeast}`);
  assertEquals(jobs.map(({ key }) => key[1]), jobs.map((_, index) => index));
  assertEquals(segments.map(({ key }) => key[4]), jobs.map((_, index) => index));
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
}
