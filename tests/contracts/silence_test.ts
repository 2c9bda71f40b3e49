/**
 * One law for all ways in: what an answer counts as stored is stored, what it does not count is not,
 * and nothing else in the database changed. Faulty inputs of every kind must obey it: clocks that
 * are wrong, values that are none, bodies that are cut, in another encoding or of another form.
 *
 * @module
 */

import fc from "fast-check";
import { assert, assertEquals } from "../support/assert.ts";
import { type Dump, type OpenApp, openApp } from "../support/open_app.ts";
import type { JsonAnswer } from "../support/service.ts";
import { gzipped } from "../support/stores.ts";
import { amount } from "../support/thorough.ts";

const NOW = "2026-02-07T12:00:00Z";
const RUNS = amount({ quick: 6, thorough: 50 });
/** Minutes of the day before {@link NOW} that have readings before the request. */
const KNOWN_MINUTES = 6;

/** A record before it is written in the form of a way in. */
interface Entry {
  /** A minute of the day; the first {@link KNOWN_MINUTES} have readings. */
  readonly minute: number;
  /** Whether it says what is stored at that minute. */
  readonly isSame: boolean;
  /** A text in the place of its time, or null. */
  readonly time: string | null;
  /** A text in the place of its value, or null. */
  readonly value: string | null;
  /** Another id than the target's, or null. */
  readonly id: string | null;
}

/** What happens to a body on its way. */
const BODY_FAULTS = [
  "none",
  "gzip",
  "cut",
  "broken off",
  "gzip, cut",
  "more behind",
  "byte order mark",
  "UTF-16",
  "Latin-1",
  "other column",
] as const;
type BodyFault = typeof BODY_FAULTS[number];
/** For batches of telemetry the others are in `telemetry_silence_test.ts`, which proves more of them. */
const BATCH_FAULTS = BODY_FAULTS.filter((fault) => !/^(none|gzip|cut)/.test(fault));
const WRONG_TIMES = [
  "",
  "yesterday",
  "1970-01-01T00:00:00Z",
  "1999-12-31T23:59:59Z",
  "2036-02-07T06:28:16Z",
  "2026-02-30T00:00:00Z",
  "10000-01-01T00:00:00Z",
  "23:59:60",
];
const WRONG_VALUES = ["", "abc", "NaN", "1e999", "-5e12", "1.2.3", "ü"];
const OTHER_IDS = ["other", "not an id!", ""];

/** A way in. */
interface Way {
  readonly name: string;
  readonly path: string;
  readonly mediaType: string;
  /** What may happen to a body; anything unless given. */
  readonly faults?: readonly BodyFault[];
  /** Writes a body. */
  write(entries: readonly Entry[]): string;
}

const known = (minute: number) => minute % 2 === 0 ? 10 : 20;
const timeOf = ({ time, minute }: Entry) =>
  time ?? new Date(Date.parse("2026-02-06T00:00:00Z") + minute * 60_000).toISOString();

/** A value that no other record has, unless it is to be that of the stored reading. */
function valueOf({ value, isSame, minute }: Entry): string {
  return value ?? String(isSame ? known(minute) : 30 + minute / 100);
}

/** As a number where it is one, as devices send it. */
function jsonValue(text: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text === "" ? null : text;
}

const meterRecord = (entry: Entry) => ({
  timestamp: timeOf(entry),
  power_kw: jsonValue(valueOf(entry)),
  ...(entry.id === null ? {} : { smart_meter_id: entry.id }),
});
const telemetryMessage = (entry: Entry) => ({
  device_id: entry.id ?? "target",
  timestamp: timeOf(entry),
  metrics: {
    soc_percent: jsonValue(valueOf(entry)),
    voltage_v: 400,
    current_a: 1,
    temp_c: 20,
  },
});
const pollRow = (entry: Entry) => {
  const { value, isSame, minute, id } = entry;
  const isActive = (known(minute) === 10) === isSame;
  return `${id ?? "target"},${timeOf(entry)},${value ?? (isActive ? "active" : "inactive")}`;
};
const linesOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");

const WAYS: readonly Way[] = [
  {
    name: "readings of a meter as CSV",
    path: "/api/meters/target/readings",
    mediaType: "text/csv",
    write: (entries) =>
      linesOf([
        "timestamp,power_kw,smart_meter_id",
        ...entries.map((one) => `${timeOf(one)},${valueOf(one)},${one.id ?? "target"}`),
      ]),
  },
  {
    name: "readings of a meter as NDJSON",
    path: "/api/meters/target/readings",
    mediaType: "application/x-ndjson",
    write: (entries) => linesOf(entries.map((one) => JSON.stringify(meterRecord(one)))),
  },
  {
    name: "readings of a meter as a JSON array",
    path: "/api/meters/target/readings",
    mediaType: "application/json",
    write: (entries) => JSON.stringify(entries.map(meterRecord)),
  },
  {
    name: "one message of a device",
    path: "/telemetry",
    mediaType: "application/json",
    write: ([entry]) => JSON.stringify(telemetryMessage(entry)),
  },
  {
    name: "messages of devices as a JSON array",
    path: "/telemetry",
    faults: BATCH_FAULTS,
    mediaType: "application/json",
    write: (entries) => JSON.stringify(entries.map(telemetryMessage)),
  },
  {
    name: "messages of devices as NDJSON",
    path: "/telemetry",
    faults: BATCH_FAULTS,
    mediaType: "application/x-ndjson",
    write: (entries) => linesOf(entries.map((one) => JSON.stringify(telemetryMessage(one)))),
  },
  {
    name: "polls of stores",
    path: "/stores/status",
    mediaType: "text/csv",
    write: (entries) => linesOf(["store_id,timestamp_utc,status", ...entries.map(pollRow)]),
  },
  {
    name: "hours of stores",
    path: "/stores/hours",
    mediaType: "text/csv",
    write: (entries) =>
      linesOf([
        "store_id,day_of_week,start_time_local,end_time_local",
        ...entries.map(({ id, minute, time, value }) =>
          [id ?? "target", value ?? minute % 7, time ?? `10:${minute + 10}`, "18:00:00"].join()
        ),
      ]),
  },
  {
    name: "time zones of stores",
    path: "/stores/timezones",
    mediaType: "text/csv",
    write: (entries) =>
      linesOf([
        "store_id,timezone_str",
        ...entries.map(({ id, value }) => `${id ?? "target"},${value ?? "Asia/Tokyo"}`),
      ]),
  },
];

/** The known readings of the target and of others, by all ways in. */
async function fill({ app }: OpenApp): Promise<void> {
  for (const id of ["target", "bystander"]) {
    const entries = Array.from({ length: KNOWN_MINUTES }, (_, minute): Entry => ({
      minute,
      isSame: true,
      time: null,
      value: null,
      id: null,
    }));
    for (const { path, mediaType, write } of [WAYS[0], WAYS[5], WAYS[6]]) {
      const body = write(entries).replaceAll("target", id);
      const response = await send(app, { path: path.replace("target", id), mediaType, body });
      assertEquals(response.status, 200, await response.text());
    }
    const hours = `store_id,day,start,end\n${id},0,09:00:00,17:00:00\n`;
    const zones = `store_id,timezone_str\n${id},Europe/Paris\n`;
    for (const [kind, body] of [["hours", hours], ["timezones", zones]]) {
      const response = await send(app, { path: `/stores/${kind}`, mediaType: "text/csv", body });
      assertEquals(response.status, 200, await response.text());
    }
  }
}

async function send(
  app: OpenApp["app"],
  { path, mediaType, body, headers = {} }: {
    path: string;
    mediaType: string;
    body: BodyInit;
    headers?: Record<string, string>;
  },
): Promise<Response> {
  const init = { method: "POST", headers: { "content-type": mediaType, ...headers }, body };
  return await app.request(path, init);
}

/** The bytes that are sent. `part` of 0 to 1 says where a body is cut. */
async function faultyBody(
  text: string,
  fault: BodyFault,
  part: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const encode = (value: string) => new TextEncoder().encode(value);
  const cut = (bytes: Uint8Array<ArrayBuffer>) => bytes.slice(0, Math.floor(bytes.length * part));
  switch (fault) {
    case "none":
      return encode(text);
    case "gzip":
      return await gzipped(text);
    case "cut":
    case "broken off":
      return cut(encode(text));
    case "gzip, cut":
      return cut(await gzipped(text));
    case "more behind":
      return encode(`${text.trimEnd().replace(/\]$/, ",]")}{"`);
    case "byte order mark":
      return encode(`\ufeff${text}`);
    case "UTF-16":
      return new Uint8Array(Uint16Array.from(`\ufeff${text}`, (c) => c.charCodeAt(0)).buffer);
    case "Latin-1": {
      const bytes = encode(text);
      bytes[Math.floor((bytes.length - 1) * part)] = 0xe4;
      return bytes;
    }
    case "other column":
      return encode(text.replaceAll(/timestamp\w*|day_of_week/g, "zeit"));
  }
}

/** A body whose client goes away after these bytes. */
function brokenOff(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let isSent = false;
  return new ReadableStream({
    pull(controller) {
      if (isSent || bytes.length === 0) return controller.error(new Error("The client is gone"));
      isSent = true;
      controller.enqueue(bytes);
    },
  });
}

/** What a request changed in the readings: times that are new, and values that are others now. */
function changesBetween(before: Dump, after: Dump): { added: number; changed: number } {
  let added = 0, changed = 0;
  for (const [series, readings] of after.readings) {
    const old = before.readings.get(series);
    for (const [timeMs, values] of readings) {
      if (old?.has(timeMs) !== true) added++;
      else if (old.get(timeMs) !== values) changed++;
    }
  }
  return { added, changed };
}

/** The counts of an answer: what it says that it stored. */
interface Said {
  readonly added: number;
  readonly changed: number;
  readonly stores: number;
}

function saidBy(status: number, body: JsonAnswer["body"]): Said {
  if (status >= 400) {
    const { inserted = 0, created = 0, updated = 0, stores = 0 } = body.stored ?? {};
    return { added: inserted + created, changed: updated, stores };
  }
  if (typeof body.status === "string") {
    const added = body.status === "created" ? 1 : 0;
    return { added, changed: 1 - added, stores: 0 };
  }
  const { received, inserted = 0, created = 0, updated = 0, stores = 0 } = body;
  const { unchanged = 0, repeated = 0, replaced = 0, rejected } = body;
  const sum = inserted + created + updated + unchanged + repeated + replaced + rejected;
  assertEquals(received, sum, JSON.stringify(body));
  return { added: inserted + created, changed: updated, stores };
}

async function assertLaw(
  way: Way,
  { entries, fault, part }: { entries: readonly Entry[]; fault: BodyFault; part: number },
): Promise<void> {
  await using open = await openApp(Date.parse(NOW));
  await fill(open);
  const before = await open.dump();
  const body = await faultyBody(way.write(entries), fault, part);
  const headers: Record<string, string> = fault.startsWith("gzip")
    ? { "content-encoding": "gzip" }
    : {};
  const sent = fault === "broken off" ? brokenOff(body) : body;
  const response = await send(open.app, { ...way, body: sent, headers });
  const answer = await response.json();
  const what = `${response.status} ${JSON.stringify(answer)}`;
  assert(response.status < 500, what);
  const said = saidBy(response.status, answer);
  const after = await open.dump();
  const { added, changed } = changesBetween(before, after);
  assertEquals(added, said.added, what);
  // Of one message that was stored before, the contract says "updated" though nothing changed.
  if (typeof answer.status === "string") assert(changed <= said.changed, what);
  else assertEquals(changed, said.changed, what);
  assertOthers(before, after, { said, what });
}

/** Nothing is gone, bystanders are as they were, and only stores that count were changed. */
function assertOthers(
  before: Dump,
  after: Dump,
  { said, what }: { said: Said; what: string },
): void {
  for (const [series, readings] of before.readings) {
    const now = after.readings.get(series);
    for (const timeMs of readings.keys()) assert(now?.has(timeMs) === true, what);
    if (series.endsWith("/bystander")) assertEquals(now, readings, what);
  }
  const stores = [...after.stores].filter(([id, text]) => before.stores.get(id) !== text);
  assertEquals(stores.length, said.stores, what);
  assertEquals([...before.stores.keys()].filter((id) => !after.stores.has(id)), []);
  // A device is known by its readings alone.
  const withReadings = [...after.readings.keys()].map((series) => series.split("/")[1]);
  assertEquals(after.devices.filter((id) => !withReadings.includes(id)), [], what);
}

const entryOf = (minute: number): fc.Arbitrary<Entry> =>
  fc.record({
    minute: fc.constant(minute),
    isSame: fc.boolean().map((isSame) => isSame && minute < KNOWN_MINUTES),
    time: rarely(WRONG_TIMES),
    value: rarely(WRONG_VALUES),
    id: rarely(OTHER_IDS),
  });

/** Null, or seldom one of some texts. */
function rarely(texts: readonly string[]): fc.Arbitrary<string | null> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom(...texts) },
  );
}

const entryLists = fc.uniqueArray(fc.integer({ min: 0, max: 19 }), { minLength: 1, maxLength: 12 })
  .chain((minutes) => fc.tuple(...minutes.map(entryOf)));

for (const way of WAYS) {
  Deno.test(`${way.name}: what the answer counts as stored is stored, and nothing else`, async () => {
    const input = fc.record({
      entries: entryLists,
      fault: fc.constantFrom(...way.faults ?? BODY_FAULTS),
      part: fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100),
    });
    await fc.assert(fc.asyncProperty(input, (one) => assertLaw(way, one)), { numRuns: RUNS });
  });
}
