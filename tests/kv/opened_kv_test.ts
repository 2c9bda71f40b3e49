import { claimed, newJob } from "../../jobs/engine/transitions.ts";
import { readAccount } from "../../kv/jobs/accounts.ts";
import { listHistory } from "../../kv/jobs/history.ts";
import { commitJob, deleteJob, getJob, type JobEntry } from "../../kv/jobs/jobs.ts";
import {
  checkSchema,
  type Migration,
  openKv,
  probeKv,
  requireNoJournal,
  SCHEMA_VERSION,
} from "../../kv/opened_kv.ts";
import { listLastSeen } from "../../kv/devices/last_seen.ts";
import { createIngest } from "../../kv/series/ingest.ts";
import { getSegmentCount } from "../../kv/series/segment_counts.ts";
import { createSeriesStore } from "../../kv/series/store.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../support/assert.ts";
import { readLines } from "../support/series.ts";
import { type StrictKv, strictKv, type StrictPlan } from "../support/strict_kv.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const SCHEMA_KEY = ["meta", "schema"];

Deno.test("openKv() creates the folder, sets the version of an empty file, and keeps its content", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/deep/er/kv.sqlite3`;
  {
    await using opened = await openKv(path);
    assertEquals([opened.isExclusive, opened.hasQueue], [true, true]);
    const { value } = await opened.kv.get(SCHEMA_KEY);
    assertEquals(value, { v: 1, version: SCHEMA_VERSION });
    await opened.kv.set(["a"], 1);
  }
  await using again = await openKv(path);
  assertEquals((await again.kv.get(["a"])).value, 1);
});

Deno.test("openKv() refuses a file that this process has open until it is closed", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  {
    await using _ = await openKv(path);
    await assertRejects(() => openKv(path), Error, `another process has it open: ${path}`);
  }
  await using again = await openKv(path);
  await probeKv(again.kv);
});

Deno.test("openKv() refuses a file that another process has open", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  await using _ = await openKv(path);
  const module = new URL("../../kv/opened_kv.ts", import.meta.url);
  const script = `import { openKv } from "${module}"; await openKv(${JSON.stringify(path)});`;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", `--config=${config}`, script],
  }).output();
  assertEquals(code, 1);
  assertStringIncludes(new TextDecoder().decode(stderr), "another process has it open");
});

Deno.test("openKv() refuses a newer database and releases the file", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  const newer = { v: 1, version: SCHEMA_VERSION + 1 };
  {
    await using opened = await openKv(path);
    await opened.kv.set(SCHEMA_KEY, newer);
  }
  const message = `this release knows versions up to ${SCHEMA_VERSION}: ${SCHEMA_VERSION + 1}`;
  await assertRejects(() => openKv(path), Error, message);
  using kv = await Deno.openKv(path);
  assertEquals((await kv.get(SCHEMA_KEY)).value, newer);
  await kv.set(SCHEMA_KEY, { v: 1, version: SCHEMA_VERSION });
  await using again = await openKv(path);
  await probeKv(again.kv);
});

Deno.test("openKv() opens a separate database in memory each time", async () => {
  await using one = await openKv(":memory:");
  await using other = await openKv(":memory:");
  await one.kv.set(["a"], 1);
  assertEquals((await other.kv.get(["a"])).value, null);
  assertEquals([one.isExclusive, one.hasQueue], [true, true]);
});

/** Migrations from versions 1 to 3 that append their version. The second fails `faults` times first. */
function appendingSteps(faults = 0): Record<number, Migration> {
  const step = (from: number): Migration => async (kv) => {
    const { value } = await kv.get<number[]>(["steps"]);
    if (from === 2 && faults-- > 0) throw new Error("cut short");
    await kv.set(["steps"], [...value ?? [], from]);
  };
  return { 1: step(1), 2: step(2), 3: step(3) };
}

Deno.test("checkSchema() migrates an older database step by step", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(SCHEMA_KEY, { v: 1, version: 2 });
  await checkSchema(kv, { target: 4, migrations: appendingSteps() });
  assertEquals((await kv.get(["steps"])).value, [2, 3]);
  assertEquals((await kv.get(SCHEMA_KEY)).value, { v: 1, version: 4 });
});

Deno.test("checkSchema() runs a migration again that was interrupted, but no earlier one", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(SCHEMA_KEY, { v: 1, version: 1 });
  const target = { target: 4, migrations: appendingSteps(1) };
  await assertRejects(() => checkSchema(kv, target), Error, "cut short");
  assertEquals((await kv.get(SCHEMA_KEY)).value, { v: 1, version: 2 });
  await checkSchema(kv, target);
  assertEquals((await kv.get(["steps"])).value, [1, 2, 3]);
  assertEquals((await kv.get(SCHEMA_KEY)).value, { v: 1, version: 4 });
});

Deno.test("checkSchema() runs no migration on an empty database", async () => {
  using kv = await Deno.openKv(":memory:");
  await checkSchema(kv, { target: 4, migrations: appendingSteps() });
  assertEquals((await kv.get(["steps"])).value, null);
  assertEquals((await kv.get(SCHEMA_KEY)).value, { v: 1, version: 4 });
});

Deno.test("checkSchema() refuses a version without a migration", async () => {
  using kv = await Deno.openKv(":memory:");
  await kv.set(SCHEMA_KEY, { v: 1, version: 1 });
  const { 2: second } = appendingSteps();
  await assertRejects(
    () => checkSchema(kv, { target: 3, migrations: { 2: second } }),
    Error,
    "there is no migration from version 1",
  );
});

Deno.test("checkSchema() refuses a version record that does not match its schema", async () => {
  using kv = await Deno.openKv(":memory:");
  for (const record of ["1", { v: 2, version: 1 }, { v: 1, version: 0 }]) {
    await kv.set(SCHEMA_KEY, record);
    await assertRejects(() => checkSchema(kv));
    assertEquals((await kv.get(SCHEMA_KEY)).value, record);
  }
});

Deno.test("probeKv() throws when the database does not answer", async () => {
  const kv = await Deno.openKv(":memory:");
  await probeKv(kv);
  kv.close();
  await assertRejects(() => probeKv(kv));
});

Deno.test("openKv() migrates a database of version 1, and ingest adds to its segment counts", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  const site = { profile: "site", id: "s" } as const;
  {
    using kv = await Deno.openKv(path);
    await kv.set(SCHEMA_KEY, { v: 1, version: 1 });
    await kv.set(["unfolded", site.profile, site.id], true);
  }
  await using opened = await openKv(path);
  assertEquals((await opened.kv.get(SCHEMA_KEY)).value, { v: 1, version: SCHEMA_VERSION });
  const page = { timesMs: Float64Array.of(0), columns: [{ scale: 0, values: Float64Array.of(1) }] };
  await createIngest({ kv: opened.kv, writer: "w" }).add(site, page);
  assertEquals((await getSegmentCount(opened.kv, site))?.count, 2);
});

Deno.test("openKv() finds what releases up to 0.12 have left in logs of ingest", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  const ref = { profile: "site", id: "s" } as const;
  // A segment of two readings, 1.5 and 2.7, and that two requests were received at 90,000 ms.
  const record = Uint8Array.fromHex(
    "01010300077365676d656e7400047369746500017330010100000200000000000000004ced4000000000004ced40" +
      "01010000000000000000000000002e40000c00000000000001030004626561740102000177190100000000" +
      "00f9f5400000000000f9f5400000000000000040",
  );
  {
    using kv = await Deno.openKv(path);
    await kv.set(SCHEMA_KEY, { v: 1, version: 6 });
    await kv.set(["ingest", "writers"], { v: 1, writers: ["w"] });
    await kv.set(["ingest", "record", "w", 1], record);
  }
  await using opened = await openKv(path);
  assertEquals((await opened.kv.get(SCHEMA_KEY)).value, { v: 1, version: SCHEMA_VERSION });
  const store = createSeriesStore({ kv: opened.kv, now: () => 0 });
  assertEquals(await readLines(store, ref), ["60000 1.5", "120000 2.7"]);
  assertEquals(await listLastSeen(opened.kv, "s"), [
    { writer: "w", lastReceivedMs: 90_000, window: { timesMs: [90_000], counts: [2] } },
  ]);
});

Deno.test("requireNoJournal() refuses a database whose journal has records", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  const page = { timesMs: Float64Array.of(0), columns: [{ scale: 0, values: Float64Array.of(1) }] };
  {
    await using opened = await openKv(path);
    const refs = [{ profile: "site", id: "s" }] as const;
    await createIngest({ kv: opened.kv, writer: "w" }).add(refs[0], page);
  }
  using kv = await Deno.openKv(path);
  await assertRejects(
    () => requireNoJournal(kv),
    Error,
    "Cannot share the database as it has a journal: run the service on it as a file",
  );
  for await (const { key } of kv.list({ prefix: ["journal"] })) await kv.delete(key);
  await requireNoJournal(kv);
});

Deno.test("openKv() reads the journal of a database, and flushes it by the given rules", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3`;
  const beat = ["beat", "d", ""];
  {
    await using opened = await openKv(path);
    await opened.kv.set(beat, Uint8Array.of(1));
  }
  {
    await using opened = await openKv(path, { flushAfterMs: 5, journalMaxBytes: 1_000 });
    assertEquals((await opened.kv.get(beat)).value, Uint8Array.of(1));
    await opened.flush(0);
    await opened.kv.set(["beat", "e", ""], Uint8Array.of(2));
    await opened.flush(4);
    await opened.flush(5);
  }
  using kv = await Deno.openKv(path);
  const flushed = await Array.fromAsync(kv.list({ prefix: ["beat"] }), ({ key }) => key[1]);
  assertEquals(flushed, ["d", "e"]);
});

/** A database of an older version with a pending job, which that version neither counted nor listed. */
async function olderKv(version: number): Promise<{ kv: Deno.Kv; id: string }> {
  const kv = await Deno.openKv(":memory:");
  const id = crypto.randomUUID();
  await kv.set(SCHEMA_KEY, { v: 1, version });
  const about = { id, kind: "export", params: null, owner: "anyone", slot: null };
  await kv.set(["job", id], newJob(about, 1_000));
  return { kv, id };
}

/** Another process migrates the database and works with it, after this one has read all jobs. */
function overtaken(kv: Deno.Kv, work: () => Promise<boolean>): StrictKv {
  const plan: StrictPlan = {};
  plan.before = async ({ kind }) => {
    if (kind !== "commit") return;
    delete plan.before;
    await checkSchema(kv);
    assert(await work());
  };
  return strictKv(kv, plan);
}

Deno.test("a migration that another process overtakes leaves the counts of jobs that have moved since", async () => {
  const { kv, id } = await olderKv(4);
  using late = overtaken(kv, async () => {
    const entry = await getJob(kv, id) as JobEntry;
    return await commitJob(kv, entry, claimed(entry.value, "other", 2_000));
  });
  await checkSchema(late);
  const { waiting, running } = await readAccount(kv, "anyone");
  assertEquals([waiting, running], [0, 1]);
  assertEquals((await kv.get(SCHEMA_KEY)).value, { v: 1, version: SCHEMA_VERSION });
});

Deno.test("a migration that another process overtakes does not list a job that was deleted since", async () => {
  const { kv, id } = await olderKv(3);
  using late = overtaken(kv, async () => await deleteJob(kv, await getJob(kv, id) as JobEntry));
  await checkSchema(late);
  assertEquals(await Array.fromAsync(listHistory(kv, "export")), []);
  assertEquals((await readAccount(kv, "anyone")).waiting, 0);
});
