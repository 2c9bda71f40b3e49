import { assert, assertEquals } from "../support/assert.ts";
import { downloadHash } from "../support/exports.ts";
import { pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { askJson, postJson, waitForEnd } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { FEWER_KILL_ROUNDS, killDelayMs } from "../support/thorough.ts";

const METERS = ["k1", "k2", "k3"];
const MINUTES = 20_000;
const FORMATS = ["csv", "json", "ndjson", "xml", "parquet", "xlsx"];
/** The longest wait for anything. */
const END_MS = 60_000;

type Form = Record<string, unknown>;

/** An accepted export: its id and what was asked for. */
interface Accepted {
  readonly id: string;
  readonly form: Form;
}

/** Every format raw and in every compression, and every layout that it has. */
const FORMS: readonly Form[] = FORMATS.flatMap((format) => [
  { smart_meter_id: "k1", format, timezone: "Europe/Berlin", gaps: "report" },
  { smart_meter_ids: METERS, format, compression: "zip", gaps: "report" },
  { smart_meter_ids: METERS, format, layout: "per_source", interval: "15m" },
  ...(format === "parquet" || format === "xlsx" ? [] : [
    { smart_meter_ids: METERS, format, compression: "gzip", timezone: "America/New_York" },
  ]),
  ...(format === "xml" ? [] : [
    { smart_meter_ids: METERS, format, layout: "wide", columns: ["power_kw"], gaps: "null" },
    { smart_meter_ids: METERS, format, interval: "1h", gaps: "null" },
  ]),
]).map((form) => ({
  start_datetime: "2024-10-20T00:00:00Z",
  end_datetime: "2024-11-02T23:59:59Z",
  ...form,
}));

/** Minutes from 20 October 2024 on; each meter lacks others. */
function readingsOf(meter: number): string {
  const startMs = Date.UTC(2024, 9, 20);
  let text = "timestamp,energy_kwh,power_kw,voltage_v,current_a\n";
  for (let minute = 0; minute < MINUTES; minute++) {
    if (minute % (97 + meter) < 3) continue;
    const time = new Date(startMs + minute * 60_000).toISOString();
    const power = minute % 11 === 0 ? "" : `${(minute * 7 + meter) % 5_000 - 900}.${minute % 10}5`;
    text += `${time},0.0${minute % 100},${power},2${minute % 30 + 10}.5,\n`;
  }
  return text;
}

Deno.test(`exports in every format, compression and layout survive kill -9, ${FEWER_KILL_ROUNDS} rounds`, async (t) => {
  await using folder = await makeTempFolder();
  const files = `${folder.path}/.openwatts/files`;
  const expected = new Map<Form, string>();
  {
    await using service = await startProcess(folder.path, {});
    for (const [index, meter] of METERS.entries()) {
      const { status } = await askJson(`${service.url}/api/meters/${meter}/readings`, {
        method: "POST",
        headers: { "content-type": "text/csv" },
        body: readingsOf(index),
      });
      assertEquals(status, 200);
    }
    for (const { id, form } of await create(service.url, FORMS)) {
      expected.set(form, await digestOf(service.url, id));
      assertEquals((await askJson(`${service.url}/api/exports/${id}`, DELETE)).status, 204);
    }
    assertEquals(expected.size, FORMS.length);
    assertEquals(await Array.fromAsync(Deno.readDir(files)), []);
    await stop(service);
  }
  let survived = 0;
  const cancelled: string[] = [];
  for (let round = 1; round <= FEWER_KILL_ROUNDS; round++) {
    const delayMs = killDelayMs(round, 1_500);
    await t.step(`round ${round}: killed ${delayMs} ms after the first request`, async () => {
      const dead = await killDuringExports(folder.path, delayMs);
      cancelled.push(...dead.cancelled);
      await using service = await startProcess(folder.path, {});
      const { url } = service;
      const ends = dead.accepted.map(({ id }) => endEvent(url, id, dead.lastEventIds.get(id)));
      for (const [index, { id, form }] of dead.accepted.entries()) {
        const event = await ends[index];
        if (dead.unanswered.has(id) && event.status === "cancelled") {
          cancelled.push(id);
          continue;
        }
        assertEquals(event.status, "completed", JSON.stringify(event));
        assertEquals(event.file.sha256, expected.get(form), JSON.stringify(form));
        assertEquals(await digestOf(url, id), expected.get(form));
      }
      const completed = dead.accepted.filter(({ id }) => !cancelled.includes(id));
      for (const { id, form } of completed.slice(-3)) {
        assertEquals(await downloadHash(url, id), expected.get(form), JSON.stringify(form));
      }
      for (const id of cancelled) {
        assertEquals((await askJson(`${url}/api/exports/${id}`)).body.status, "cancelled");
      }
      await expectOwnFiles(url, files);
      await expectHistory(url, [...dead.accepted.map(({ id }) => id), ...cancelled]);
      // So that the next round begins without files.
      for (const id of await historyOf(url)) {
        if (cancelled.includes(id)) continue;
        // One whose request got no answer may still run, and would only be cancelled.
        await waitForEnd(url, id, END_MS);
        assertEquals((await askJson(`${url}/api/exports/${id}`, DELETE)).status, 204);
      }
      assertEquals(await Array.fromAsync(Deno.readDir(files)), []);
      survived += dead.accepted.length;
      await stop(service);
    });
  }
  assert(survived > 0, "no export was accepted in any round");
});

const DELETE = { method: "DELETE" } as const;

/** Requests exports and returns those that were accepted, in any order. */
async function create(url: string, forms: readonly Form[]): Promise<Accepted[]> {
  const posts = forms.map(async (form) => {
    const { status, body } = await postJson(`${url}/api/exports`, form);
    assertEquals(status, 200, JSON.stringify([form, body]));
    return { id: String(body.job_id), form };
  });
  return (await Promise.allSettled(posts))
    .flatMap((post) => {
      if (post.status === "fulfilled") return [post.value];
      // A kill cuts the connection; anything else is a defect.
      if (post.reason instanceof TypeError) return [];
      throw post.reason;
    });
}

async function digestOf(url: string, id: string): Promise<string> {
  const status = await waitForEnd(url, id, END_MS);
  assertEquals(status.status, "completed", JSON.stringify(status));
  return status.file_info.sha256;
}

/** What was known when the service was killed. */
interface Dead {
  readonly accepted: readonly Accepted[];
  readonly cancelled: readonly string[];
  /** Exports whose cancelling got no answer: those may be cancelled or not. */
  readonly unanswered: ReadonlySet<string>;
  /** The id of the last event that a client saw of an export. */
  readonly lastEventIds: ReadonlyMap<string, string>;
}

/** Requests all exports, cancels every fifth, watches the others, and kills the service. */
async function killDuringExports(folder: string, delayMs: number): Promise<Dead> {
  await using service = await startProcess(folder, {});
  const { url } = service;
  const lastEventIds = new Map<string, string>();
  const cancelled: string[] = [];
  const unanswered = new Set<string>();
  const accepted: Accepted[] = [];
  const mixed = FORMS.toSorted(() => Math.random() - 0.5);
  const asking = mixed.map(async (form, index) => {
    for (const one of await create(url, [form])) {
      const isCancelled = index % 5 === 4 && await cancel(url, one.id);
      if (isCancelled === null) unanswered.add(one.id);
      if (isCancelled) cancelled.push(one.id);
      else {
        accepted.push(one);
        await watch(url, one.id, (eventId) => lastEventIds.set(one.id, eventId)).catch(() => {});
      }
    }
  });
  await pause(delayMs);
  service.kill("SIGKILL");
  await service.ended;
  await Promise.all(asking);
  return { accepted, cancelled, unanswered, lastEventIds };
}

/** Whether the answer said that the export is cancelled; null without an answer. */
async function cancel(url: string, id: string): Promise<boolean | null> {
  const answer = await askJson(`${url}/api/exports/${id}`, DELETE).catch(() => null);
  return answer === null ? null : answer.status === 200 && answer.body.status === "cancelled";
}

/** Reads the events of an export and reports the id of each. */
async function watch(url: string, id: string, onEvent: (eventId: string) => void): Promise<void> {
  const { body } = await fetch(`${url}/api/exports/${id}/events`);
  if (body === null) return;
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    for (const [, eventId] of text.matchAll(/^id: (.*)$/gm)) onEvent(eventId);
  }
}

/** Comes back for the events of an export as a browser does, and returns the export at its end. */
async function endEvent(
  url: string,
  id: string,
  lastEventId: string | undefined,
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  const headers = lastEventId === undefined ? [] : [["last-event-id", lastEventId]];
  const response = await fetch(`${url}/api/exports/${id}/events`, {
    headers: Object.fromEntries(headers),
  });
  const text = await response.text();
  // The client had seen the end already.
  if (response.status === 204) return (await askJson(`${url}/api/exports/${id}`)).body;
  assert(!text.includes(`id: ${lastEventId}\n`), "an event came twice");
  const end = /^event: end\ndata: (.*)$/m.exec(text);
  assert(end !== null, `no end: ${response.status} ${text}`);
  return JSON.parse(end[1]);
}

/** Waits until every file belongs to a completed export, with at most a list of gaps beside it. */
async function expectOwnFiles(url: string, files: string): Promise<void> {
  const endMs = Date.now() + END_MS;
  for (;;) {
    const names = (await Array.fromAsync(Deno.readDir(files))).map(({ name }) => name);
    const states = await Promise.all(
      names.map(async (name) =>
        (await askJson(`${url}/api/exports/${name.split(".")[0]}`)).body.status
      ),
    );
    const runs = new Set(names.map((name) => name.replace(/\.gaps$/, "")));
    const ids = new Set(names.map((name) => name.split(".")[0]));
    const isOwn = runs.size === ids.size && states.every((state) => state === "completed") &&
      names.every((name) => /^[0-9a-f-]{36}\.\d+(\.gaps)?$/.test(name));
    if (isOwn) return;
    assert(Date.now() < endMs, JSON.stringify(names.map((name, index) => [name, states[index]])));
    await pause(100);
  }
}

async function historyOf(url: string): Promise<string[]> {
  const ids: string[] = [];
  for (let path: string | null = "/api/exports?limit=7"; path !== null;) {
    const { body } = await askJson(url + path);
    ids.push(...body.exports.map(({ id }: { id: string }) => id));
    path = body.next;
  }
  return ids;
}

/** Checks that the history has each of these once. */
async function expectHistory(url: string, ids: readonly string[]): Promise<void> {
  const listed = await historyOf(url);
  assertEquals(new Set(listed).size, listed.length);
  assertEquals(ids.filter((id) => !listed.includes(id)), []);
}

async function stop(service: ServiceProcess): Promise<void> {
  service.kill("SIGTERM");
  assertEquals(await service.ended, 0, service.output());
}
