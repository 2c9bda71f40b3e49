import { AppError } from "../../../data/app_error.ts";
import type { CountedReader } from "../../../data/imports/notes_change.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { greenButton, nem12 } from "../../support/meter_files.ts";
import { rowsOf } from "../../support/pages.ts";
import { zipOf } from "../../routes/http/zip_of.ts";
import {
  gzip,
  HERE,
  minutes,
  outcomeOf,
  read,
  readInMortalWorkers,
  readInWorkers,
  type ReadOutcome,
  sideOf,
  type TestUpload,
} from "./read_uploads.ts";

const CASES = new URL("../../data/imports/cases/", import.meta.url);
const METER_CASES = new URL("../../data/meter_files/cases/", import.meta.url);
const HEADER = "timestamp,energy_kwh,power_kw\n";

function file(name: string, folder: URL = CASES): Uint8Array {
  return Deno.readFileSync(new URL(name, folder));
}

/** Lines of some meters, among them wrong ones, ones of other profiles and ones that are refused. */
function manyMeters(): string {
  const lines = ["smart_meter_id,timestamp,energy_kwh,status"];
  for (let index = 0; index < 600; index++) {
    const time = `2024-01-${String(1 + index % 28).padStart(2, "0")}T${"0" + index % 9}:00:00Z`;
    const id = index % 50 === 7
      ? "no-one"
      : index % 5 === 0
      ? `site-${index % 3}`
      : `m${index % 11}`;
    lines.push(`${id},${time},${index % 31 === 0 ? "much" : index},${index % 2}`);
  }
  lines.push("a b,2024-01-01T00:00:00Z,1,", "m1,not a time,1,", 'm2,"2024-02-01T00:00:00Z",2,');
  return lines.join("\n");
}

/** Records of three meters as objects, one of them wrong. */
const OBJECTS = [0, 1, 2, 3].map((index) => ({
  smart_meter_id: `m${index % 3}`,
  timestamp: `2024-01-01T0${index}:00:00Z`,
  energy_kwh: index === 2 ? "much" : index + 0.5,
  other: 1,
}));
const NDJSON = OBJECTS.map((object) => JSON.stringify(object)).join("\n");

/** Objects of readings of one meter, one in 1,000 of them wrong. */
function objects(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const timestamp = new Date(Date.UTC(2024, 0, 1) + index * 60_000).toISOString();
    const energy_kwh = index % 1_000 === 0 ? "much" : index / 8;
    return JSON.stringify({ smart_meter_id: "m1", timestamp, energy_kwh });
  });
}

/** Files of every reader, with everything that readers may say of them. */
const UPLOADS: Readonly<Record<string, TestUpload>> = {
  "hours that occur twice": {
    body: file("01_autumn_quarter_hours.csv"),
    id: "m",
    query: {
      delimiter: ";",
      decimal: ",",
      timestamp: "Datum bis",
      timestamp_format: "auto",
      stamp: "end",
      timezone: "Europe/Vienna",
      map: "Energiemenge in kWh:energy_kwh",
    },
  },
  "an hour that is not": {
    body: file("02_spring_hour_that_is_not.csv"),
    id: "m",
    query: { timestamp: "Time", timezone: "Europe/Amsterdam", map: "kWh:energy_kwh" },
  },
  "lines before the header": {
    body: file("03_preamble.csv"),
    id: "m",
    query: {
      timestamp: ["DATE", "START TIME"],
      timezone: "America/Los_Angeles",
      map: "USAGE (kWh):energy_kwh",
    },
  },
  "NEM12": { body: file("04_nem12.csv", METER_CASES) },
  "a series of NEM12": {
    body: file("04_nem12.csv", METER_CASES),
    id: "m",
    query: { register: "none" },
  },
  "Green Button": { body: file("05_green_button.xml", METER_CASES), type: "application/xml" },
  "UTF-16": {
    body: file("06_utf16_tabs.csv"),
    id: "m",
    query: {
      delimiter: "tab",
      decimal: ",",
      timestamp: "Zeitstempel",
      map: "Verbrauch (kWh):energy_kwh",
    },
  },
  "a register": {
    body: "Date,Wh\n2024-05-01T12:00:00Z,99999800\n2024-05-01T13:00:00Z,300\n" +
      "2024-05-01T14:00:00Z,800\n2024-05-01T20:00:00Z,900\n2024-05-01T21:00:00Z,5\n",
    id: "m",
    query: {
      timestamp: "Date",
      map: "Wh:energy_kwh:Wh",
      values: "cumulative",
      rollover: "100000000",
    },
  },
  "a day in each row": {
    body: `Day,${Array.from({ length: 24 }, (_, hour) => `H${hour + 1}`)}\n` +
      `2024-06-01,${"0.5,".repeat(24).slice(0, -1)}\n`,
    id: "m",
    query: { layout: "day-per-row", timestamp: "Day", timezone: "Europe/Madrid", derive: "power" },
  },
  "many meters": { body: manyMeters() },
  "many meters in gzip": { body: gzip(manyMeters()), isGzip: true },
  "many meters in ZIP": {
    body: zipOf(new TextEncoder().encode(manyMeters())),
    type: "application/zip",
  },
  "NDJSON": { body: NDJSON, type: "application/x-ndjson" },
  "JSON": { body: JSON.stringify(OBJECTS), type: "application/json" },
  "some batches": { body: HEADER + minutes(70_000) + minutes(10, 5), id: "m" },
  "NEM12 in pieces": { body: [...nem12(2, 900).pieces()].join("") },
  "Green Button in pieces": {
    body: [...greenButton(50).pieces()].join(""),
    type: "application/xml",
  },
  "NDJSON in pieces": { body: objects(8_000).join("\n"), type: "application/x-ndjson" },
  "JSON in pieces": { body: `[${objects(8_000)}]`, type: "application/json" },
  "nothing": { body: "", id: "m" },
  "a wrong header": { body: "time,kWh\n2024-01-01,1\n", id: "m" },
  "a query that does not fit the first bytes": {
    body: file("04_nem12.csv", METER_CASES),
    query: { delimiter: ";" },
  },
  "NEM12 that is cut": { body: [...nem12(2, 3).pieces()].join("").slice(0, -5) },
  "JSON that is cut": { body: JSON.stringify(OBJECTS).slice(0, -3), type: "application/json" },
  "what is not gzip": { body: HEADER + minutes(9), id: "m", isGzip: true },
  "gzip that is cut": { body: gzip(HEADER + minutes(9_000)).slice(0, -9), id: "m", isGzip: true },
  "gzip that is too long": { body: gzip(manyMeters()), isGzip: true, maxBytes: 9_000 },
  "another encoding": { body: new TextEncoder().encode("a\0b\0c\0d\0e\0f\0g\0h\0"), id: "m" },
};

Deno.test("a worker reads every form to the same pages, rejects, notes and errors", async () => {
  using inThread = readInWorkers();
  const outcomes = new Map<string, ReadOutcome>();
  for (const [name, upload] of Object.entries(UPLOADS)) {
    const here = await outcomeOf(HERE, upload);
    outcomes.set(name, here);
    assertEquals(await outcomeOf(inThread, upload), here, name);
  }
  assertEquals(inThread.count(), outcomes.size);
  // What is compared has batches, rejects, refusals, notes and errors.
  const many = outcomes.get("many meters");
  assertEquals([many?.batches.flat().length, many?.meters.length], [14, 15]);
  assert((many?.rejected ?? 0) > 14, String(many?.rejected));
  assertEquals(outcomes.get("some batches")?.batches.length, 2);
  const breaks = outcomes.get("a register")?.summary?.breaks.map(({ kind }) => kind);
  assertEquals(breaks, ["rollover", "gap", "reset"]);
  const codes = [...outcomes].flatMap(([name, { error }]) => error === null ? [] : [[name, error]]);
  assertEquals(codes, [
    ["nothing", "INVALID_REQUEST"],
    ["a wrong header", "INVALID_REQUEST"],
    ["a query that does not fit the first bytes", "INVALID_REQUEST"],
    ["NEM12 that is cut", "MALFORMED_BODY"],
    ["JSON that is cut", "MALFORMED_BODY"],
    ["what is not gzip", "MALFORMED_BODY"],
    ["gzip that is cut", "MALFORMED_BODY"],
    ["gzip that is too long", "BODY_TOO_LARGE"],
    ["another encoding", "MALFORMED_BODY"],
  ]);
});

Deno.test("an error of this thread ends the upload as it is, and what was read before is stored", async () => {
  using inThread = readInWorkers();
  const upload = { body: HEADER + minutes(40_000), id: "m" };
  async function* brokenOff() {
    yield* sideOf(upload).chunks;
    throw gone;
  }
  const gone = new AppError("MALFORMED_BODY", "The upload broke off");
  const stored: number[] = [];
  const side = sideOf(upload, {
    chunks: brokenOff(),
    store(batches) {
      stored.push(...batches.map(({ batch }) => batch.places.length));
      return Promise.resolve();
    },
  });
  assert(await assertRejects(() => read(inThread, upload, side)) === gone);
  assertEquals(stored.length, 1);
  assert(stored[0] >= 32_768, String(stored));
  const faults: readonly Partial<Parameters<typeof read>[2]>[] = [
    { store: () => Promise.reject(gone) },
    { profilesOf: () => Promise.reject(gone) },
    { planOf: () => Promise.reject(gone) },
  ];
  const many = { body: manyMeters() };
  for (const fault of faults) {
    assert(await assertRejects(() => read(inThread, many, sideOf(many, fault))) === gone);
  }
  assertEquals(inThread.count(), 4);
});

Deno.test("the counts of an upload that fails know what was rejected until then", async () => {
  using inThread = readInWorkers();
  const upload = { body: [...nem12(1, 2).pieces()].join("").replace("900\n", "300,bad\n") };
  let counted: CountedReader | null = null;
  const side = sideOf(upload, { begin: (reader) => counted = reader });
  await assertRejects(() => read(inThread, upload, side), AppError, "without a 900 record");
  assert(counted !== null);
  const { rejected, meters }: CountedReader = counted;
  assertEquals([rejected().count, meters().map(({ rejected }) => rejected)], [1, [1]]);
});

Deno.test("while nothing is stored, little of an upload is read", async () => {
  using inThread = readInWorkers();
  let bytes = 0;
  const lines = new TextEncoder().encode(minutes(1_000));
  async function* endless() {
    yield new TextEncoder().encode(HEADER);
    for (;;) {
      bytes += lines.length;
      yield await Promise.resolve(lines);
    }
  }
  const failing = Promise.withResolvers<void>();
  let calls = 0;
  const side = sideOf({ body: "", id: "m" }, {
    chunks: endless(),
    store() {
      calls++;
      return failing.promise;
    },
  });
  const reading = read(inThread, { body: "", id: "m" }, side);
  reading.catch(() => {});
  // The worker may be slow; it reads on as long as it may.
  for (let before = -1, same = 0; same < 4 || calls === 0;) {
    same = before === bytes ? same + 1 : 0;
    before = bytes;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // Two batches of 43,000 readings of 37 bytes, and what is on its way.
  assert(bytes < 6e6, String(bytes));
  assertEquals(calls, 1);
  failing.reject(new AppError("STORAGE_FULL", "The disk is full"));
  await assertRejects(() => reading, AppError, "The disk is full");
});

Deno.test("an upload whose worker dies fails once its store has ended; sent again, it is read here", async () => {
  using inThread = readInMortalWorkers();
  const upload = { body: HEADER + minutes(100_000), id: "m" };
  const stored: number[] = [];
  let isStoring = false;
  const side = sideOf(upload, {
    async store(batches) {
      isStoring = true;
      inThread.kill();
      await new Promise((resolve) => setTimeout(resolve, 20));
      for (const { batch: { page } } of batches) stored.push(...rowsOf(page).map(([time]) => time));
      isStoring = false;
    },
  });
  const error = await assertRejects(() => read(inThread, upload, side), AppError);
  assertEquals([error.code, isStoring], ["INTERNAL_ERROR", false]);
  assert(String(error.cause).includes("shot"), String(error.cause));
  assertEquals(new Set(stored).size, stored.length);
  assert(stored.length >= 32_768 && stored.length < 100_000, String(stored.length));
  assertEquals(await outcomeOf(inThread, upload), await outcomeOf(HERE, upload));
  assertEquals(inThread.count(), 1);
});

Deno.test("short uploads are read here, and those without a length only once they are long", async () => {
  using inThread = readInWorkers();
  const long = { body: HEADER + minutes(20_000), id: "m" };
  const short = { body: HEADER + minutes(100), id: "m" };
  const { opening } = { opening: { mayBeZip: true, headBytes: 32 } };
  const upload = { name: "upload", isGzip: false, opening, maxBytes: 1e9 };
  await inThread.read({ ...upload, totalBytes: 3_000 }, sideOf(short));
  await inThread.read({ ...upload, totalBytes: null }, sideOf(short));
  assertEquals(inThread.count(), 0);
  await inThread.read({ ...upload, totalBytes: null }, sideOf(long));
  await inThread.read({ ...upload, totalBytes: 740_000 }, sideOf(long));
  assertEquals(inThread.count(), 2);
});
