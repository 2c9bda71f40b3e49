import { assert, assertEquals } from "../support/assert.ts";
import { getReadingCount, readAccount } from "../../kv/jobs/accounts.ts";
import { openKv } from "../../kv/opened_kv.ts";
import { pause, startProcess } from "../support/process.ts";
import { askJson, importText, postJson, waitForEnd } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { FEWER_KILL_ROUNDS, killDelayMs } from "../support/thorough.ts";

/** The account of every request of this test. */
const ACCOUNT = "address:127.0.0.1";
/** Jobs that may wait, fewer than are asked for at once. */
const WAITING_MAX = 12;
const ENV = { MAX_JOBS_WAITING: String(WAITING_MAX), MAX_JOBS_RUNNING: "2", DEMO_DATA: "false" };
const HOUR_MS = 3_600_000;

const EXPORT = {
  smart_meter_id: "m0",
  start_datetime: "2024-01-01T00:00:00Z",
  end_datetime: "2024-12-31T23:59:59Z",
  format: "csv",
};

function csvOf(hours: number): string {
  const lines = Array.from(
    { length: hours },
    (_, hour) => `${new Date(Date.UTC(2024, 0, 1) + hour * HOUR_MS).toISOString()},${hour % 7}`,
  );
  return `timestamp,power_kw\n${lines.join("\n")}\n`;
}

/** Uses the service in every way that is counted, until it is killed. */
async function useAll(url: string, round: number): Promise<void> {
  const csv = csvOf(6_000);
  const all = await Promise.allSettled([
    ...Array.from({ length: 30 }, async (_, number) => {
      const { status, body } = await postJson(`${url}/api/exports`, EXPORT);
      assert(status === 200 || status === 429, `${status}`);
      if (status === 200 && number % 3 === 0) {
        await askJson(`${url}/api/exports/${body.job_id}`, { method: "DELETE" });
      }
    }),
    ...Array.from({ length: 4 }, (_, number) => importText(url, `m${number}`, csv)),
    askJson(`${url}/api/meters/m${1 + round % 3}/readings?from=2024-02-01&to=2024-03-01`, {
      method: "DELETE",
    }),
    ...Array.from({ length: 20 }, (_, minute) => {
      const timestamp = new Date(Date.now() - minute * 60_000).toISOString();
      const metrics = { soc_percent: 50, voltage_v: 230, current_a: 1, temp_c: 20 };
      return postJson(`${url}/telemetry`, { device_id: `d${round}`, timestamp, metrics });
    }),
  ]);
  for (const one of all) {
    // A kill cuts connections; anything else is a defect.
    if (one.status === "rejected" && !(one.reason instanceof TypeError)) throw one.reason;
  }
}

/** Compares the counts with the records of all jobs, the files, and the heads of all series. */
async function expectExactCounts(folder: string): Promise<void> {
  await using opened = await openKv(`${folder}/.openwatts/kv.sqlite3`);
  const { kv } = opened;
  const values = async (space: string) =>
    // deno-lint-ignore no-explicit-any
    (await Array.fromAsync(kv.list<any>({ prefix: [space] }))).map(({ value }) => value);
  const jobs = await values("job");
  const inState = (state: string) => jobs.filter((job) => job.state === state);
  const { waiting, running, fileBytes } = await readAccount(kv, ACCOUNT);
  const bytes = inState("completed").reduce(
    (sum, { artifact }) => sum + (artifact?.sizeBytes ?? 0) + (artifact?.sidesBytes ?? 0),
    0,
  );
  assertEquals([waiting, running, fileBytes], [
    inState("pending").length,
    inState("running").length,
    bytes,
  ]);
  assert(waiting <= WAITING_MAX, `${waiting} jobs wait`);
  const heads = (await values("series"))
    .filter(({ state, account }) => state === "live" && account === ACCOUNT);
  const readings = heads.reduce((sum, { count }) => sum + count, 0);
  assertEquals(await getReadingCount(kv, ACCOUNT), readings);
}

Deno.test(`what an account uses is exact after kill -9, ${FEWER_KILL_ROUNDS} rounds`, async (t) => {
  await using folder = await makeTempFolder();
  {
    await using service = await startProcess(folder.path, ENV);
    assertEquals((await importText(service.url, "m0", csvOf(8_760))).status, 200);
    service.kill("SIGTERM");
    await service.ended;
  }
  for (let round = 1; round <= FEWER_KILL_ROUNDS; round++) {
    const delayMs = killDelayMs(round, 1_200);
    await t.step(`round ${round}: killed after ${delayMs} ms`, async () => {
      {
        await using service = await startProcess(folder.path, ENV);
        const using_ = useAll(service.url, round);
        await pause(delayMs);
        service.kill("SIGKILL");
        await service.ended;
        await using_;
      }
      await expectExactCounts(folder.path);
      // Every job that waits has its turn: nothing is left behind when all have run.
      await using service = await startProcess(folder.path, ENV);
      for (let next: string | null = "/api/exports?limit=100"; next !== null;) {
        const { body } = await askJson(service.url + next);
        for (const { id, status } of body.exports) {
          if (status === "pending" || status === "running") {
            await waitForEnd(service.url, id, 60_000);
          }
        }
        next = body.next;
      }
      const usage = (await askJson(`${service.url}/api/usage`)).body;
      assertEquals([usage.jobs_waiting.used, usage.jobs_running.used], [0, 0]);
      service.kill("SIGTERM");
      await service.ended;
      await expectExactCounts(folder.path);
    });
  }
});
