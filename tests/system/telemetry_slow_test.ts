import { assert, assertEquals } from "../support/assert.ts";
import { pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { openRequest, type RawRequest } from "../support/raw_request.ts";
import { askJson, postJson } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const CLIENTS = 32;
const LINES = 4;
const FROM_MS = Date.UTC(2026, 0, 5);
const DAY_QUERY = "start_time=2026-01-05T00:00:00Z&end_time=2026-01-06T00:00:00Z";

function message(id: string, minute: number): Record<string, unknown> {
  const timestamp = new Date(FROM_MS + minute * 60_000).toISOString();
  const metrics = { soc_percent: 50, voltage_v: 300, current_a: 1, temp_c: null };
  return { device_id: id, timestamp, metrics };
}

function lineOf(id: string, minute: number): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message(id, minute)) + "\n");
}

/** Starts a batch with the first readings of a device. */
function openBatch({ url }: ServiceProcess, id: string): Promise<RawRequest> {
  const size = Array.from({ length: LINES }, (_, minute) => lineOf(id, minute).length)
    .reduce((sum, length) => sum + length, 0);
  return openRequest(`${url}/telemetry`, {
    "Content-Type": "application/x-ndjson",
    "Content-Length": String(size),
  });
}

/** Checks that a reading of another device is accepted while batches are open. */
async function assertAccepted({ url }: ServiceProcess, minute: number): Promise<void> {
  const { status } = await postJson(`${url}/telemetry`, message("other", minute));
  assertEquals(status, 201);
}

/** The minutes of a device's readings. */
async function minutesOf({ url }: ServiceProcess, id: string): Promise<number[]> {
  const { status, body } = await askJson(`${url}/devices/${id}/metrics?${DAY_QUERY}`);
  if (status === 404) return [];
  return body.data.map(({ timestamp }: { timestamp: string }) =>
    (Date.parse(timestamp) - FROM_MS) / 60_000
  );
}

Deno.test(`${CLIENTS} batches that arrive line by line delay nobody and are stored completely`, async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, { RATE_LIMIT_REQUESTS: "1000" });
  using stack = new DisposableStack();
  const batches: RawRequest[] = [];
  for (let index = 0; index < CLIENTS; index++) {
    batches.push(stack.use(await openBatch(service, `d${index}`)));
  }
  for (let minute = 0; minute < LINES; minute++) {
    await assertAccepted(service, minute);
    await Promise.all(batches.map((batch, index) => batch.send(lineOf(`d${index}`, minute))));
  }
  for (const [index, batch] of batches.entries()) {
    const { status, body } = await batch.answer();
    assertEquals([status, body.received, body.created], [200, LINES, LINES]);
    assertEquals(await minutesOf(service, `d${index}`), [0, 1, 2, 3]);
  }
});

Deno.test("batches that are cut off delay nobody, and their complete lines are stored", async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, { RATE_LIMIT_REQUESTS: "1000" });
  {
    using stack = new DisposableStack();
    for (let index = 0; index < CLIENTS; index++) {
      const batch = stack.use(await openBatch(service, `d${index}`));
      for (const minute of [0, 1]) await batch.send(lineOf(`d${index}`, minute));
      // The third line never arrives completely.
      await batch.send(lineOf(`d${index}`, 2).subarray(0, 40));
    }
    await assertAccepted(service, 0);
  }
  await assertAccepted(service, 1);
  for (let index = 0; index < CLIENTS; index++) {
    const endMs = Date.now() + 20_000;
    while ((await minutesOf(service, `d${index}`)).length < 2) {
      assert(Date.now() < endMs, `readings of d${index} did not arrive: ${service.output()}`);
      await pause(20);
    }
    assertEquals(await minutesOf(service, `d${index}`), [0, 1]);
  }
  await assertAccepted(service, 2);
  // The service still runs, and ends as it should.
  service.kill("SIGTERM");
  assertEquals(await service.ended, 0, service.output());
});
