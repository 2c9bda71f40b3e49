/**
 * What `silence_test.ts` proves of all ways in, exactly for a batch of telemetry: which readings are
 * stored, with every form of timestamp and the last of a time; that every message which is whole is
 * counted once; and that the rejections of each device are recorded.
 *
 * @module
 */

import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { createDeviceIntake } from "../../kv/devices/intake.ts";
import { getRejections } from "../../kv/devices/rejections.ts";
import { createIngest } from "../../kv/series/ingest.ts";
import { createSeriesStore } from "../../kv/series/store.ts";
import { createTestApp } from "../routes/app_fixture.ts";
import { NOW_MS } from "../routes/exports/export_example.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { pageOf } from "../support/pages.ts";
import { amount } from "../support/thorough.ts";

const MINUTE = 60_000;
/** Readings with a time of their own are on minutes from here on, a day before they are received. */
const FROM_MS = NOW_MS - 1_440 * MINUTE;
const METRICS = { soc_percent: 50, voltage_v: 300, current_a: 0, temp_c: null };
/** `known` is a battery, `fridge` an appliance, `new` does not exist, `other` is never sent. */
const IDS = ["known", "fridge", "new"];
const NOTHING = { received: 0, created: 0, updated: 0, unchanged: 0, rejected: 0 };

/** An element of a batch: its text, and the reading it holds if it is right in itself. */
interface Element {
  readonly text: string;
  readonly id: string | null;
  /** The minute, or null for the time of receipt. */
  readonly reading: { readonly minute: number | null; readonly currentA: number } | null;
}

/** Timestamps of a minute that are right, in every form. */
const FORMS: readonly ((timeMs: number) => unknown)[] = [
  (timeMs) => new Date(timeMs).toISOString(),
  (timeMs) => new Date(timeMs).toISOString().replace(/[-:]|\.000/g, ""),
  (timeMs) => new Date(timeMs + 2 * 3_600_000).toISOString().replace("Z", "+02:00"),
  (timeMs) => timeMs / 1000,
  (timeMs) => timeMs,
  (timeMs) => timeMs * 1000,
];
/** Timestamps that are wrong: clocks that are far off, and what is no time. */
const WRONG_TIMES = [
  "2036-02-07T06:28:16Z",
  "1970-01-01T00:03:12Z",
  180,
  NOW_MS + 300_001,
  1e18,
  "soon",
  "",
  true,
];
/** Elements that are no message. */
const NO_MESSAGES = ["5", '"x"', "[]", "{}", "null", '{"device_id":"known"}'];

const currents = fc.integer({ min: -1_000, max: 1_000 });

function elements(form: "array" | "lines"): fc.Arbitrary<Element> {
  const id = fc.constantFrom(...IDS);
  const minute = fc.nat(20);
  const textOf = (device_id: string, timestamp: unknown, current_a: unknown) =>
    JSON.stringify({ device_id, timestamp, metrics: { ...METRICS, current_a } });
  const good = fc.tuple(id, minute, currents, fc.constantFrom(...FORMS)).map(
    ([id, minute, currentA, form]): Element => ({
      id,
      text: textOf(id, form(FROM_MS + minute * MINUTE), currentA),
      reading: { minute, currentA },
    }),
  );
  const untimed = fc.tuple(id, currents, fc.constantFrom(null, undefined)).map(
    ([id, currentA, timestamp]): Element => ({
      id,
      text: textOf(id, timestamp, currentA),
      reading: { minute: null, currentA },
    }),
  );
  const wrongTime = fc.tuple(id, fc.constantFrom(...WRONG_TIMES)).map(
    ([id, timestamp]): Element => ({ id, text: textOf(id, timestamp, 1), reading: null }),
  );
  const wrongValue = fc.tuple(id, fc.constantFrom("1", 1_001, [], undefined)).map(
    ([id, value]): Element => ({ id, text: textOf(id, FROM_MS, value), reading: null }),
  );
  const broken = form === "lines" ? ["{", "nul", "\ufffd"] : [];
  const noMessage = fc.constantFrom(...NO_MESSAGES, ...broken).map((text): Element => ({
    text,
    id: text.includes("known") ? "known" : null,
    reading: null,
  }));
  return fc.oneof({ weight: 4, arbitrary: good }, untimed, wrongTime, wrongValue, noMessage);
}

/** A body, its headers, and how many elements are whole in it. */
interface Body {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Record<string, string>;
  readonly whole: number;
}

/** The elements as a body that is cut after a part of its bytes; part 1 cuts nothing. */
function bodyOf(
  all: readonly Element[],
  { form, isGzip, part }: { form: "array" | "lines"; isGzip: boolean; part: number },
): Body {
  const [open, between, close] = form === "array" ? ["[", ",", "]"] : ["", "\n", "\n"];
  const text = open + all.map((one) => one.text).join(between) + close;
  const plain = new TextEncoder().encode(text);
  const sent = isGzip ? Uint8Array.from(gzipSync(plain)) : plain;
  const bytes = sent.slice(0, Math.ceil(sent.length * part));
  let endChars = open.length;
  const ends = all.map((one) => {
    endChars += one.text.length + 1;
    return new TextEncoder().encode(text.slice(0, endChars - 1)).length;
  });
  return {
    bytes,
    headers: {
      "content-type": form === "array" ? "application/json" : "application/x-ndjson",
      ...(isGzip ? { "content-encoding": "gzip" } : {}),
    },
    // How much of gzip can be read is up to zlib, so the answer says how many were whole.
    whole: isGzip ? Infinity : ends.filter((end) => end <= bytes.length).length,
  };
}

/** Times and currents of the readings that elements store, by device; the last of a time wins. */
function storedBy(all: readonly Element[]): Map<string, Map<number, number>> {
  const stored = new Map<string, Map<number, number>>([["known", new Map([[FROM_MS, 0.5]])]]);
  const untimed = new Map<string, number>();
  for (const { id, reading } of all) {
    if (id === null || reading === null || id === "fridge") continue;
    const readings = stored.get(id) ?? new Map<number, number>();
    stored.set(id, readings);
    const { minute, currentA } = reading;
    const count = untimed.get(id) ?? 0;
    if (minute === null) untimed.set(id, count + 1);
    readings.set(minute === null ? NOW_MS + count : FROM_MS + minute * MINUTE, currentA);
  }
  return stored;
}

Deno.test("what the answer to a faulty batch counts as stored is stored, and nothing else", async () => {
  const batches = fc.constantFrom<"array" | "lines">("array", "lines").chain((form) =>
    fc.record({
      form: fc.constant(form),
      all: fc.array(elements(form), { minLength: 1, maxLength: 40 }),
      isGzip: fc.boolean(),
      part: fc.oneof(fc.constant(1), fc.double({ min: 0.05, max: 1, noNaN: true })),
    })
  );
  await fc.assert(
    fc.asyncProperty(batches, async ({ all, ...how }) => {
      using kv = await Deno.openKv(":memory:");
      const now = () => NOW_MS;
      const series = createSeriesStore({ kv, now });
      const limit = { requests: 1_000_000, windowMs: 1_000 };
      const offlineAfterMs = 600_000;
      const ingest = createIngest({ kv, writer: "w" });
      const intake = createDeviceIntake({
        ...{ kv, series, now, limit, offlineAfterMs, ingest },
        isExclusive: true,
        owner: "w",
      });
      const first = pageOf([[FROM_MS, "50", "300", "0.5", ""]]);
      for (const id of ["known", "fridge", "other"]) {
        const profile = id === "fridge" ? "appliance" : "battery";
        await intake.accept({ id, profile, page: first, isCounted: true });
      }
      const before = await othersOf(kv);
      const { app } = createTestApp({ kv, series, intake });
      const { bytes, headers, whole } = bodyOf(all, how);
      const response = await app.request("/telemetry", { method: "POST", headers, body: bytes });
      const answer = await response.json();
      assert(response.status === 200 || response.status === 400, JSON.stringify(answer));
      // Of gzip that is cut very short, nothing can be read, so there is nothing to count.
      const counts = response.status === 200 ? answer : answer.stored ?? NOTHING;
      const { received, created, updated, unchanged, rejected } = counts;
      const read = all.slice(0, Math.min(received, whole));
      const good = read.filter(({ id, reading }) => reading !== null && id !== "fridge").length;
      assertEquals([created + updated + unchanged, rejected], [good, received - good]);
      const stored = storedBy(read);
      let sum = 0;
      for (const id of ["known", "new"]) {
        const found = await readingsOf(series, id);
        const expected = [...(stored.get(id) ?? [])].toSorted(([one], [other]) => one - other);
        assertEquals(found, expected, id);
        sum += found.length;
      }
      // One reading of `known` was there before.
      assertEquals(created, sum - 1);
      for (const id of ["known", "fridge"]) {
        const bad = read.filter((one) =>
          one.id === id && (one.reading === null || id === "fridge")
        ).length;
        assertEquals((await getRejections(kv, id))?.count ?? 0, bad, `rejections of ${id}`);
      }
      assertEquals(await othersOf(kv), before);
    }),
    { numRuns: amount({ quick: 30, thorough: 200 }) },
  );
});

/** Times and currents of a battery's readings. */
async function readingsOf(
  series: ReturnType<typeof createSeriesStore>,
  id: string,
): Promise<[timeMs: number, currentA: number][]> {
  const readings: [number, number][] = [];
  const span = { fromMs: 0, toMs: NOW_MS + MINUTE };
  const { signal } = new AbortController();
  for await (const page of series.read({ profile: "battery", id }, span, signal)) {
    const { scale, values } = page.columns[2];
    const power = scale < 0 ? 1 : 10 ** scale;
    page.timesMs.forEach((timeMs, row) => readings.push([timeMs, values[row] / power]));
  }
  return readings;
}

/** Every entry of the database that is not about a device which is sent, or about its whole profile. */
async function othersOf(kv: Deno.Kv): Promise<unknown[]> {
  const entries = await Array.fromAsync(kv.list({ prefix: [] }));
  return entries.filter(({ key }) =>
    key[0] !== "revised" && key.length > 1 && !key.some((part) => IDS.includes(String(part)))
  );
}
