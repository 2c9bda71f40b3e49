import { assert, assertEquals } from "../support/assert.ts";
import { pause, startProcess } from "../support/process.ts";
import { askJson, importText, type JsonAnswer } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { FEWER_KILL_ROUNDS, killDelayMs } from "../support/thorough.ts";
import { until } from "../support/until.ts";

const HOUR_MS = 3_600_000, DAY_MS = 24 * HOUR_MS;
const DAYS = 8 * 365, KEPT_DAYS = 30;
const METERS = ["m1", "m2", "m3"];
const RETENTION = { RETENTION_DAYS: String(KEPT_DAYS) };

/** A reading every two hours of eight years, up to yesterday. */
function meterCsv(todayMs: number): string {
  const lines = ["timestamp,power_kw"];
  for (let atMs = todayMs - DAYS * DAY_MS; atMs < todayMs; atMs += 2 * HOUR_MS) {
    lines.push(`${new Date(atMs).toISOString()},${(atMs / HOUR_MS) % 9}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Starts without retention, imports, and stops. */
async function fill(folder: string, csv: string): Promise<void> {
  await using service = await startProcess(folder, {});
  for (const id of METERS) await importText(service.url, id, csv);
  service.kill("SIGTERM");
  await service.ended;
}

/** A meter: how many readings it has, and its first one. */
async function meterOf(url: string, id: string): Promise<{ count: number; firstMs: number }> {
  const { body } = await askJson(`${url}/api/meters/${id}`);
  return { count: body.count, firstMs: Date.parse(body.first_reading) };
}

async function assertKept(url: string, todayMs: number): Promise<boolean> {
  let isOver = true;
  for (const id of METERS) {
    const { count, firstMs } = await meterOf(url, id);
    // Days go from the first one on and as a whole, so the count follows from the first reading.
    assertEquals(firstMs % DAY_MS, 0);
    assertEquals(count, (todayMs - firstMs) / (2 * HOUR_MS), id);
    assert(firstMs <= todayMs - KEPT_DAYS * DAY_MS, id);
    if (firstMs < todayMs - KEPT_DAYS * DAY_MS) isOver = false;
  }
  return isOver;
}

Deno.test(`retention survives kill -9, ${FEWER_KILL_ROUNDS} rounds: whole days go, and no day inside the limit`, async () => {
  // A run over midnight would see two limits.
  const leftMs = DAY_MS - Date.now() % DAY_MS;
  if (leftMs < 15 * 60_000) await pause(leftMs);
  const todayMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const csv = meterCsv(todayMs);
  await using folder = await makeTempFolder();
  await fill(folder.path, csv);
  let cutShort = 0;
  for (let round = 1; round <= FEWER_KILL_ROUNDS; round++) {
    await using service = await startProcess(folder.path, RETENTION);
    await pause(killDelayMs(round, 400));
    service.kill("SIGKILL");
    await service.ended;
    await using checked = await startProcess(folder.path, {});
    if (!await assertKept(checked.url, todayMs)) {
      cutShort++;
      continue;
    }
    for (const id of METERS) await importText(checked.url, id, csv);
  }
  console.log(`${cutShort} of ${FEWER_KILL_ROUNDS} sweeps were cut short`);
  await using service = await startProcess(folder.path, RETENTION);
  await until(() => assertKept(service.url, todayMs));
  const drops = `${service.url}/api/audit?action=retention.drop&limit=1000`;
  await until(async () => (await askJson(drops)).body.entries[0]?.outcome === "done");
  const { body: { entries } } = await askJson(drops);
  // Each process that deleted anything has left an entry, whether it was killed or not.
  const outcomes: string[] = entries.map(({ outcome }: JsonAnswer["body"]) => outcome);
  assert(outcomes.every((outcome) => outcome === "done" || outcome === "unknown"));
});
