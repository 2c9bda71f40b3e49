/**
 * Measures reading telemetry: rows of many days, and the summary of a day.
 *
 * @module
 */

import { z } from "zod";
import type { Bench } from "./bench.ts";
import { askJson } from "./export_client.ts";
import type { Figure, Target } from "./figure.ts";
import { startBareServer } from "./limits.ts";
import { race, type RaceResult, timed } from "./race.ts";
import { raceFigures } from "./ratio.ts";
import { resultsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";
import { foldAll, startTelemetryService } from "./telemetry_service.ts";

/** A device with readings at equal distances from the start of a day on. */
interface Recorded {
  readonly id: string;
  readonly readings: number;
  readonly stepSeconds: number;
}

const START = "2024-03-01T00:00:00Z";
const END = "2024-03-09T00:00:00Z";
/** 50,000 rows in 8 days of 86,400 s. */
const WEEK: Recorded = { id: "week", readings: 50_000, stepSeconds: 13 };
const DAY: Recorded = { id: "day", readings: 86_400, stepSeconds: 1 };
/** How many times more often a read is repeated, because it is so short. */
const MORE_REPEATS = 5;

const report = z.object({ created: z.int() });
const summary = z.object({ count: z.int() });

/** Runs the measurement on folded readings, one request at a time. */
export async function measureReads(bench: Bench): Promise<Figure[]> {
  const folder = await bench.folder("reads");
  await load(folder);
  await using service = await startTelemetryService(folder);
  const metricsUrl =
    `${service.url}/devices/${WEEK.id}/metrics?start_time=${START}&end_time=${END}`;
  await using bare = bench.alone ? null : await startBareServer(bench, "reads_bare");
  const repeats = MORE_REPEATS * bench.options.repeats;
  const urls = bare === null ? null : await writeBareFiles(folder, { metricsUrl, bare: bare.url });
  const reads: Read[] = [
    {
      what: "metrics, 50,000 rows as CSV",
      read: () => readCsv(metricsUrl),
      limit: "bare Deno.serve sends them as a file",
      target: TARGETS.metricsCsv,
      readBare: () => readCsv(urls?.csv ?? ""),
    },
    {
      what: "metrics, 50,000 rows as JSON",
      read: () => readJson(metricsUrl),
      limit: "bare Deno.serve parses and writes them",
      target: TARGETS.metricsJson,
      readBare: () => readJson(urls?.json ?? ""),
    },
    {
      what: "summary of a day of 86,400 readings",
      read: () => readSummary(service.url),
      limit: "bare Deno.serve answers",
      target: TARGETS.summary,
      readBare: async () => void await askJson(`${bare?.url}/health`),
    },
  ];
  const results: RaceResult[] = [];
  const figures: Figure[] = [];
  for (const { what, read, limit, target, readBare } of reads) {
    const ours = { name: what, path: null, run: () => timed(read) };
    const other = { name: limit, path: null, target, as: "long" as const };
    const limits = bare === null ? [] : [{ ...other, run: () => timed(readBare) }];
    const raced = await race([ours, ...limits], { ...bench.options, repeats });
    results.push(...raced);
    figures.push(...raceFigures(what, raced, { as: "long" }));
  }
  bench.details("\nReading back, one request at a time, until the client has all bytes.\n");
  bench.details(resultsTable(results));
  return figures;
}

/** A read, and the same without its work. */
interface Read {
  readonly what: string;
  readonly read: () => Promise<void>;
  readonly limit: string;
  readonly target: Target;
  readonly readBare: () => Promise<void>;
}

/** Stores our answers as files, for a bare server to send. */
async function writeBareFiles(
  folder: string,
  { metricsUrl, bare }: { metricsUrl: string; bare: string },
): Promise<{ csv: string; json: string }> {
  const urls = [];
  for (const [name, accept] of [["file", "text/csv"], ["json", "application/json"]]) {
    const path = `${folder}/answer.${name}`;
    const answer = await fetch(metricsUrl, { headers: { accept } });
    await Deno.writeTextFile(path, await answer.text());
    urls.push(`${bare}/${name}?path=${encodeURIComponent(path)}`);
  }
  return { csv: urls[0], json: urls[1] };
}

/** Sends the readings as batches and folds them, as compaction does within half a minute. */
async function load(folder: string): Promise<void> {
  {
    await using service = await startTelemetryService(folder);
    for (const device of [WEEK, DAY]) {
      const { created } = report.parse(
        await askJson(`${service.url}/telemetry`, {
          method: "POST",
          headers: { "content-type": "application/x-ndjson" },
          body: messages(device),
        }),
      );
      if (created !== device.readings) throw new Error(`${created} readings were created`);
    }
  }
  await foldAll(folder, [WEEK.id, DAY.id]);
}

function messages({ id, readings, stepSeconds }: Recorded): string {
  const startMs = Date.parse(START);
  return Array.from({ length: readings }, (_, row) =>
    JSON.stringify({
      device_id: id,
      timestamp: new Date(startMs + row * stepSeconds * 1000).toISOString().replace(".000Z", "Z"),
      metrics: {
        soc_percent: row * 7 % 1001 / 10,
        voltage_v: (3000 + row % 1000) / 10,
        current_a: (row % 2001 - 1000) / 10,
        temp_c: (200 + row % 200) / 10,
      },
    })).join("\n");
}

async function readCsv(url: string): Promise<void> {
  const response = await fetch(url, { headers: { accept: "text/csv" } });
  let lines = 0;
  for await (const chunk of response.body ?? []) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
  }
  // Plus the header.
  if (lines !== WEEK.readings + 1) throw new Error(`the CSV has ${lines} lines`);
}

async function readJson(url: string): Promise<void> {
  const response = await fetch(url, { headers: { accept: "application/json" } });
  const brace = "{".charCodeAt(0);
  let objects = 0;
  for await (const chunk of response.body ?? []) {
    for (let at = chunk.indexOf(brace); at >= 0; at = chunk.indexOf(brace, at + 1)) objects++;
  }
  // Plus the enclosing object.
  if (objects !== WEEK.readings + 1) throw new Error(`the JSON has ${objects} objects`);
}

async function readSummary(url: string): Promise<void> {
  const { count } = summary.parse(
    await askJson(`${url}/devices/${DAY.id}/summary?date=${START.slice(0, 10)}`),
  );
  if (count !== DAY.readings) throw new Error(`the summary has ${count} readings`);
}
