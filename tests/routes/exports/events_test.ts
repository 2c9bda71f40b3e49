import { exportEvents } from "../../../routes/exports/export_events.ts";
import type { JobRecord } from "../../../jobs/engine/jobs.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { askJson, importText, postJson, startTestService } from "../../support/service.ts";
import { minuteLines, UPLOAD_HEADER } from "../meters/meter_csv.ts";
import { exportJob } from "../app_fixture.ts";
import { exportOf } from "./export_of.ts";

const DAY = { start_datetime: "2024-01-01", end_datetime: "2024-01-01" } as const;

/** An event of a stream. */
interface SentEvent {
  readonly id: string | null;
  readonly event: string;
  // deno-lint-ignore no-explicit-any
  readonly data: any;
}

/** The events of a text/event-stream, as WHATWG HTML §9.2.6 reads them. */
function eventsOf(text: string): SentEvent[] {
  return text.split("\n\n").flatMap((block) => {
    const fields = new Map(
      block.split("\n").filter((line) => line !== "" && !line.startsWith(":")).map((line) => {
        const colon = line.indexOf(": ");
        return [line.slice(0, colon), line.slice(colon + 2)];
      }),
    );
    const data = fields.get("data");
    if (data === undefined) return [];
    return [{
      id: fields.get("id") ?? null,
      event: fields.get("event") ?? "message",
      data: JSON.parse(data),
    }];
  });
}

Deno.test("events of a completed export are its end, once", async () => {
  await using service = await startTestService();
  await importText(service.url, "123", UPLOAD_HEADER + minuteLines(0, 2));
  const { id } = await exportOf(service.url, { smart_meter_id: "123", ...DAY });
  const path = `${service.url}/api/exports/${id}/events`;
  const response = await fetch(path);
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  const events = eventsOf(await response.text());
  assertEquals(events.map(({ event }) => event), ["end"]);
  assertEquals(events[0].data, (await askJson(`${service.url}/api/exports/${id}`)).body);
  // 204 tells a client that it need not come back.
  const again = await fetch(path, { headers: { "last-event-id": events[0].id ?? "" } });
  assertEquals(again.status, 204);
  const other = await fetch(path, { headers: { "last-event-id": "running-1-1-0-0" } });
  assertEquals(eventsOf(await other.text()).length, 1);
});

Deno.test("100 watchers see an export wait and be cancelled, with the same ids", async () => {
  await using service = await startTestService({ role: "api" });
  const { body } = await postJson(`${service.url}/api/exports`, { smart_meter_id: "1", ...DAY });
  const path = `${service.url}/api/exports/${body.job_id}`;
  const watchers = await Promise.all(Array.from({ length: 100 }, () => fetch(`${path}/events`)));
  await askJson(path, { method: "DELETE" });
  const all = await Promise.all(watchers.map(async (one) => eventsOf(await one.text())));
  for (const events of all) {
    const ends = events.filter(({ event }) => event === "end");
    assertEquals(ends.map(({ data }) => data.status), ["cancelled"]);
    assertEquals(events.at(-1)?.event, "end");
    assertEquals(events.at(-1)?.id, all[0].at(-1)?.id);
  }
  const seen = all.flat().filter(({ event }) => event === "progress");
  assert(seen.length > 0 && seen.every(({ data }) => data.status === "pending"));
});

Deno.test("a watcher that goes away leaves nothing behind, and one that stays does not hold up a stop", async () => {
  const service = await startTestService({ role: "api" });
  const { body } = await postJson(`${service.url}/api/exports`, { smart_meter_id: "1", ...DAY });
  const path = `${service.url}/api/exports/${body.job_id}/events`;
  const [gone, stays] = [await fetch(path), await fetch(path)];
  await gone.body?.cancel();
  assert(stays.body !== null);
  // A stop ends a watch that has not seen the job yet.
  const chunks = stays.body.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  let text = "";
  while (eventsOf(text).length === 0) {
    const { value, done } = await chunks.next();
    assert(done !== true);
    text += value;
  }
  const startMs = performance.now();
  await service[Symbol.asyncDispose]();
  assert(performance.now() - startMs < 5_000);
  for (;;) {
    const { value, done } = await chunks.next();
    if (done) break;
    text += value;
  }
  assertEquals(eventsOf(text).map(({ event }) => event), ["progress"]);
});

Deno.test("a stream closes before the first event that its key may not see any more", async () => {
  let isRevoked = false;
  async function* watch(): AsyncGenerator<JobRecord> {
    yield await Promise.resolve(exportJob());
    isRevoked = true;
    yield { ...exportJob(), state: "running", epoch: 1 };
    throw new Error("nobody reads on");
  }
  const response = exportEvents({ jobs: { watch }, now: () => 0, log: () => {} }, exportJob(), {
    lastEventId: undefined,
    signal: new AbortController().signal,
    isAllowed: () => Promise.resolve(!isRevoked),
  });
  const events = eventsOf(await response.text());
  assertEquals(events.map(({ data }) => data.status), ["pending"]);
});

Deno.test("a fault of the watch breaks off its stream, is logged, and harms nothing else", async () => {
  const logged: unknown[] = [];
  async function* watch(): AsyncGenerator<JobRecord> {
    yield await Promise.resolve(exportJob());
    throw new Error("the record does not decode");
  }
  const response = exportEvents(
    { jobs: { watch }, now: () => 0, log: (...entry) => logged.push(entry) },
    exportJob(),
    {
      lastEventId: undefined,
      signal: new AbortController().signal,
      isAllowed: () => Promise.resolve(true),
    },
  );
  await assertRejects(() => response.text(), Error, "the record does not decode");
  assertEquals(logged.map((entry) => Array.isArray(entry) && entry.slice(0, 2)), [
    ["error", "export not watched"],
  ]);
});
