import { assert, assertEquals } from "../support/assert.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { askJson } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { FEWER_KILL_ROUNDS } from "../support/thorough.ts";

const METERS = 400;
const ROWS = 300;
const START_MS = Date.UTC(2024, 0, 1);
const HALF_HOUR_MS = 1_800_000;
const ids = Array.from({ length: METERS }, (_, meter) => `m${String(meter).padStart(3, "0")}`);

/** The time of a row of any meter. */
function timeOf(row: number): string {
  return new Date(START_MS + row * HALF_HOUR_MS).toISOString().replace(".000Z", "Z");
}

/** The energy of a row of a meter: no two meters have the same ones. */
function energyOf(meter: number, row: number): number {
  return (meter * 1_000 + row) / 1_000;
}

/** A file of all meters, each row another one. */
function manyMeters(): Uint8Array<ArrayBuffer> {
  const lines = ["smart_meter_id,timestamp,energy_kwh"];
  for (let row = 0; row < ROWS; row++) {
    ids.forEach((id, meter) => lines.push(`${id},${timeOf(row)},${energyOf(meter, row)}`));
  }
  return new TextEncoder().encode(`${lines.join("\n")}\n`);
}

/** How many readings each meter has, by its id. */
async function countsOf({ url }: ServiceProcess): Promise<Map<string, number>> {
  const { body: { meters } } = await askJson(`${url}/api/meters?limit=1000`);
  return new Map(
    meters.map((one: { smart_meter_id: string; count: number }) => [one.smart_meter_id, one.count]),
  );
}

/** Fails unless every meter has a beginning of its rows, and of none is less there than before. */
async function assertBeginnings(
  service: ServiceProcess,
  before: ReadonlyMap<string, number>,
): Promise<Map<string, number>> {
  const counts = await countsOf(service);
  for (const [id, count] of before) {
    assert((counts.get(id) ?? 0) >= count, `${id} had ${count} readings, now ${counts.get(id)}`);
  }
  for (const [meter, id] of ids.entries()) {
    const count = counts.get(id) ?? 0;
    if (count === 0) continue;
    const range = `start_time=${timeOf(0)}&end_time=${timeOf(ROWS)}`;
    const { body } = await askJson(`${service.url}/api/meters/${id}/readings?${range}`);
    assertEquals(
      body.data.map((
        row: { timestamp: string; energy_kwh: number },
      ) => [row.timestamp, row.energy_kwh]),
      Array.from({ length: count }, (_, row) => [timeOf(row), energyOf(meter, row)]),
      id,
    );
  }
  return counts;
}

function send({ url }: ServiceProcess, body: Uint8Array<ArrayBuffer>) {
  const headers = { "content-type": "text/csv" };
  return askJson(`${url}/api/readings`, { method: "POST", headers, body });
}

Deno.test(`an import of ${METERS} meters amid kill -9 keeps a beginning of each, ${FEWER_KILL_ROUNDS} rounds`, async () => {
  await using folder = await makeTempFolder();
  const file = manyMeters();
  let stored = new Map<string, number>();
  for (let round = 1; round <= FEWER_KILL_ROUNDS; round++) {
    await using service = await startProcess(folder.path, {});
    stored = await assertBeginnings(service, stored);
    // The service is gone before the answer, or it has answered.
    const sending = send(service, file).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 2_000));
    service.kill("SIGKILL");
    await Promise.all([service.ended, sending]);
  }
  await using service = await startProcess(folder.path, {});
  stored = await assertBeginnings(service, stored);
  const before = [...stored.values()].reduce((sum, count) => sum + count, 0);
  const { status, body } = await send(service, file);
  assertEquals([status, body.inserted, body.unchanged], [200, METERS * ROWS - before, before]);
  const counts = await assertBeginnings(service, stored);
  assertEquals([...counts.values()], Array(METERS).fill(ROWS));
});

Deno.test("a file of many meters that is cut anywhere keeps a beginning of each", async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, {});
  const file = manyMeters();
  let stored = new Map<string, number>();
  for (const share of [0.3, 0.55, 0.9]) {
    const cut = Math.floor(file.length * share) + 7;
    await send(service, file.slice(0, cut));
    stored = await assertBeginnings(service, stored);
  }
  const { body } = await send(service, file);
  assertEquals(body.inserted + body.updated + body.unchanged, METERS * ROWS);
  assertEquals([...(await assertBeginnings(service, stored)).values()], Array(METERS).fill(ROWS));
});
