import { openKv } from "../../kv/opened_kv.ts";
import { createSeriesStore } from "../../kv/series/store.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { hasKvServer, startKvServer } from "../support/kv_server.ts";
import { startProcess } from "../support/process.ts";
import { askJson, exportToEnd, importText, postJson } from "../support/service.ts";
import { runTask, spawnTask, type TaskRun } from "../support/task.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { amount } from "../support/thorough.ts";

const RANGE = {
  smart_meter_id: "m1",
  start_datetime: "2024-01-01T00:00:00Z",
  end_datetime: "2024-01-01T23:59:59Z",
};

Deno.test("the tasks back up a service that runs, with its files, and restore it elsewhere", async () => {
  await using folder = await makeTempFolder();
  await using other = await makeTempFolder();
  const { path } = folder;
  const backup = `${other.path}/backup`;
  let jobId = "";
  {
    await using service = await startProcess(path, {});
    await importText(service.url, "m1", "timestamp,power_kw\n2024-01-01T00:00:00Z,1.5\n");
    ({ job_id: jobId } = await exportToEnd(service.url, RANGE));
    const made = await runTask({ task: "backup", args: [backup, "--files"], folder: path });
    assertEquals([made.code, made.err.includes("Copied ")], [0, true], made.err);
    assertMatch(made.out, /^Wrote \S+: \d+ bytes, schema version \d+\n1 files are copied\n$/);
    const itself = `${path}/.openwatts/kv.sqlite3`;
    const over = await runTask({ task: "backup", args: [itself], folder: path });
    assertEquals([over.code, over.err.includes("cannot be the database itself")], [2, true]);
    const refused = await runTask({ task: "restore", args: [backup, "--replace"], folder: path });
    assertEquals(refused.code, 1);
    assertMatch(refused.err, /another process has it open: \.openwatts\/kv\.sqlite3/);
  }
  const env = { DATA_DIR: "moved" };
  await succeed({ task: "restore", args: [backup, "--files"], folder: other.path, env });
  await using service = await startProcess(other.path, env);
  const { body: { meters } } = await askJson(`${service.url}/api/meters`);
  assertEquals(meters.length, 1);
  const csv = await fetch(`${service.url}/api/export/download/${jobId}`);
  assertMatch(await csv.text(), /^timestamp,.*\n2024-01-01T00:00:00Z,m1,/);
});

Deno.test("the tasks say how they are used, and exit 2", async () => {
  await using folder = await makeTempFolder();
  const { path } = folder;
  const cases: [TaskRun, RegExp][] = [
    [{ task: "backup", args: [], folder: path }, /^Use: deno task backup FILE/],
    [{ task: "restore", args: ["a", "--force"], folder: path }, /^Unknown option: --force\nUse:/],
    [
      { task: "backup", args: ["a"], folder: path, env: { KV_PATH: ":memory:" } },
      /KV_PATH must be/,
    ],
    [{ task: "restore", args: ["a"], folder: path, env: { PORT: "x" } }, /PORT must be/],
  ];
  const ended = await Promise.all(cases.map(([run]) => runTask(run)));
  ended.forEach(({ code, err }, index) => {
    assertEquals(code, 2, err);
    assertMatch(err, cases[index][1]);
  });
});

Deno.test("a backup has every reading that was acknowledged before it, while telemetry goes on", async () => {
  await using folder = await makeTempFolder();
  const env = { RATE_LIMIT_REQUESTS: "1000000" };
  const { path } = folder;
  const backup = `${path}/backup`;
  let acknowledged = 0;
  {
    await using service = await startProcess(path, env);
    let sent = 0, isOver = false;
    const send = async () => {
      while (!isOver) {
        const timestamp = new Date(Date.UTC(2024, 0, 1) + sent++ * 1_000).toISOString();
        const metrics = { soc_percent: 50, voltage_v: 385.2, current_a: -45, temp_c: 28 };
        const body = { device_id: "d1", timestamp, metrics };
        const { status } = await postJson(`${service.url}/telemetry`, body);
        assertEquals(status, 201);
        received.push(timestamp);
      }
    };
    const received: string[] = [];
    const senders = [send(), send(), send()];
    while (received.length < 300) await new Promise((resolve) => setTimeout(resolve, 10));
    acknowledged = received.length;
    const before = received.slice(0, acknowledged);
    await succeed({ task: "backup", args: [backup], folder: path });
    isOver = true;
    await Promise.all(senders);
    assert(received.length > acknowledged);
    await service.kill("SIGKILL");
    await service.ended;
    await succeed({ task: "restore", args: [backup, "--replace"], folder: path });
    await using opened = await openKv(`${path}/.openwatts/kv.sqlite3`);
    const store = createSeriesStore({ kv: opened.kv, now: Date.now });
    const span = { fromMs: 0, toMs: 8e12 };
    const times = new Set<string>();
    for await (
      const { timesMs } of store.read({ profile: "battery", id: "d1" }, span, NEVER)
    ) for (const timeMs of timesMs) times.add(new Date(timeMs).toISOString());
    assertEquals(before.filter((time) => !times.has(time)), []);
  }
});

Deno.test("a backup or restore that is killed leaves the old file, or the new one, whole", async () => {
  await using folder = await makeTempFolder();
  const { path } = folder;
  const database = `${path}/.openwatts/kv.sqlite3`, backup = `${path}/backup`;
  await fill(database, 1);
  await succeed({ task: "backup", args: [backup], folder: path });
  const rounds = amount({ quick: 3, thorough: 8 });
  for (let round = 0; round < rounds; round++) {
    await fill(database, 2 + round);
    await killLate({ task: "backup", args: [backup], folder: path }, round / rounds);
    const before = await mark(database), kept = await mark(backup);
    await killLate(
      { task: "restore", args: [backup, "--replace"], folder: path },
      round / rounds,
    );
    assert([before, kept].includes(await mark(database)), String(await mark(database)));
  }
  await succeed({ task: "backup", args: [backup], folder: path });
  await succeed({ task: "restore", args: [backup, "--replace"], folder: path });
  assertEquals(await mark(database), await mark(backup));
});

Deno.test({
  name: "a backup leads into a shared database and back into a file, with the same entries",
  ignore: !await hasKvServer(),
  async fn() {
    await using folder = await makeTempFolder();
    await using server = await startKvServer(folder.path);
    const { path } = folder;
    const database = `${path}/.openwatts/kv.sqlite3`;
    {
      await using service = await startProcess(path, {});
      const rows = Array.from(
        { length: 3_000 },
        (_, minute) => `${new Date(Date.UTC(2024, 0, 1, 0, minute)).toISOString()},${minute % 9}`,
      );
      await importText(service.url, "m1", `timestamp,power_kw\n${rows.join("\n")}\n`);
      await exportToEnd(service.url, RANGE);
      const body = {
        device_id: "d1",
        metrics: { soc_percent: 50, voltage_v: 385.2, current_a: -45, temp_c: 28 },
      };
      for (let sent = 0; sent < 5; sent++) {
        const timestamp = `2024-01-01T00:00:0${sent}Z`;
        await postJson(`${service.url}/telemetry`, { ...body, timestamp });
      }
    }
    const run = (task: TaskRun["task"], args: string[], env = {}) =>
      succeed({ task, args, folder: path, env });
    await run("backup", ["first"]);
    await run("restore", ["first"], server.env);
    const again = { task: "restore", args: ["first"], folder: path, env: server.env } as const;
    assertMatch((await runTask(again)).err, /holds data; use --replace/);
    await run("backup", ["second"], server.env);
    await run("restore", ["second"], { KV_PATH: "third" });
    const expected = await entriesOf(database);
    assert(expected.length > 20);
    assertEquals(await entriesOf(`${path}/third`), expected);

    await using service = await startProcess(path, server.env);
    const { body } = await askJson(`${service.url}/api/meters`);
    assertEquals(body.meters.length, 1);
    const refused = await runTask({ ...again, args: ["first", "--replace"] });
    assertMatch(refused.err, /A service uses the database/);
    const live = await runTask({ task: "backup", args: ["fourth"], folder: path, env: server.env });
    assertEquals(live.code, 0, live.err);
  },
});

const { signal: NEVER } = new AbortController();

/** Runs a task that must succeed. */
async function succeed(run: TaskRun): Promise<void> {
  const { code, err } = await runTask(run);
  assertEquals(code, 0, err);
}

/** Kills a task after a share of the time that it usually takes. */
async function killLate(run: TaskRun, share: number): Promise<void> {
  const child = await spawnTask(run);
  const timer = setTimeout(() => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
  }, 300 + share * 1_500);
  await child.output();
  clearTimeout(timer);
}

/** Fills a database with 10 MB that name a number. */
async function fill(path: string, number: number): Promise<void> {
  await using opened = await openKv(path);
  for (let at = 0; at < 200; at += 10) {
    const op = opened.kv.atomic().set(["job", "mark", "first"], number);
    for (let index = at; index < at + 10; index++) {
      op.set(["file", "chunk", "a", index], new Uint8Array(50_000).fill(number));
    }
    await op.set(["job", "mark", "last"], number).commit();
  }
}

/** The number that a database names. */
async function mark(path: string): Promise<number> {
  await using opened = await openKv(path);
  const first = (await opened.kv.get<number>(["job", "mark", "first"])).value;
  const chunks = await Array.fromAsync(
    opened.kv.list<Uint8Array>({ prefix: ["file"] }),
    ({ value }) => value[0],
  );
  assertEquals([...new Set(chunks)], [first]);
  assertEquals(chunks.length, 200);
  return first ?? 0;
}

/** What a database holds as text, apart from leases, with what its journal has under its own keys. */
async function entriesOf(path: string): Promise<string[]> {
  const found: string[] = [];
  await using opened = await openKv(path);
  using raw = await Deno.openKv(path);
  const JOURNALED = ["segment", "unfolded", "revision", "changed", "beat"];
  const add = ({ key, value }: Deno.KvEntry<unknown>) => found.push(Deno.inspect([key, value]));
  for (const space of JOURNALED) for await (const e of opened.kv.list({ prefix: [space] })) add(e);
  for await (const entry of raw.list({ prefix: [] })) {
    const space = String(entry.key[0]);
    if (!["journal", "lease", ...JOURNALED].includes(space)) add(entry);
  }
  return found.toSorted();
}
