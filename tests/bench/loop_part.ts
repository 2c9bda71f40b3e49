/**
 * Measures how long everything else waits while the service exports.
 *
 * @module
 */

import { z } from "zod";
import type { Bench } from "./bench.ts";
import { type ExportRequest, exportToEnd, YEAR_EXPORT } from "./export_client.ts";
import { absolute, type Figure } from "./figure.ts";
import { watchHealth } from "./health_client.ts";
import { bareWrite } from "./limits.ts";
import { STEP_MS } from "./loop_probe.ts";
import { race, timed } from "./race.ts";
import { raceFigures } from "./ratio.ts";
import { openSession, type Session } from "./session.ts";
import { median, percentile } from "./spread.ts";
import { table } from "./table.ts";
import { TARGETS } from "./targets.ts";

/** Concurrent exports of a year. */
const EXPORTS = 4;
/** Pause between an answer and the next poll, milliseconds. */
const POLL_MS = 10;
/** How long the idle loop is measured, milliseconds. */
const IDLE_MS = 500;

const delays = z.array(z.number());

/** The delays of one round, milliseconds. */
interface Round {
  readonly totalMs: number;
  readonly loopMs: readonly number[];
  readonly healthMs: readonly number[];
}

/** Runs the measurement, with a probe in the process of the service and with a client. */
export async function measureLoop(bench: Bench): Promise<Figure[]> {
  const folder = await bench.demoFolder("loop");
  await using session = openServiceSession(folder);
  const url = await session.run("url");
  const rounds: Round[] = [], compressed: Round[] = [];
  for (let round = 0; round <= bench.options.repeats; round++) {
    bench.options.signal.throwIfAborted();
    rounds.push(await runRound(session, url, YEAR_EXPORT));
    compressed.push(await runRound(session, url, { ...YEAR_EXPORT, compression: "gzip" }));
  }
  // The first ones are a warm-up.
  rounds.shift();
  compressed.shift();
  await session.run("begin");
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const idleMs = delays.parse(JSON.parse(await session.run("end")));
  const loopMs = rounds.flatMap((round) => round.loopMs);
  const compressedMs = compressed.flatMap((round) => round.loopMs);
  const totalMs = median(rounds.map((round) => round.totalMs));
  bench.details(
    `\n${EXPORTS} exports of a year at once, ${rounds.length} times, each time ` +
      `${totalMs.toFixed(0)} ms (median) until all are\ncompleted. The loop is looked at every ` +
      `${STEP_MS} ms, inside the service's process.\n`,
  );
  bench.details(table([
    ["wait", "samples", "p50 ms", "p99 ms", "most ms"],
    rowOf("event loop, nothing to do", idleMs),
    rowOf("event loop, while exporting", loopMs),
    rowOf("event loop, while exporting .csv.gz", compressedMs),
    rowOf("GET /health, while exporting", rounds.flatMap((round) => round.healthMs)),
  ]));
  const years = rounds.map((round) => round.totalMs);
  const healthMs = rounds.flatMap((round) => round.healthMs);
  return [
    ...await timeFigures(bench, years),
    waitFigure(
      `event loop's delay while ${EXPORTS} years are exported, p99`,
      loopMs,
      "loopDelayMs",
    ),
    waitFigure("the same as .csv.gz, p99", compressedMs, "loopDelayMs"),
    waitFigure(`GET /health while ${EXPORTS} years are exported, p99`, healthMs, "healthMostMs"),
  ];
}

/** All exports until they are completed, next to a bare script that writes as many bytes. */
async function timeFigures(bench: Bench, runsMs: readonly number[]): Promise<Figure[]> {
  const sizeBytes = EXPORTS * (await Deno.stat(await bench.yearCsv())).size;
  const limit = bareWrite(await bench.folder("loop_bare"), {
    sizeBytes,
    files: EXPORTS,
    target: TARGETS.fourYearsLimit,
  });
  const limits = bench.alone ? [] : await race([limit], bench.options);
  const ours = { name: "ours", path: null, run: () => Promise.resolve(NaN) };
  return raceFigures(`${EXPORTS} years at once`, [{ contestant: ours, runsMs }, ...limits]);
}

function waitFigure(
  what: string,
  values: readonly number[],
  target: "loopDelayMs" | "healthMostMs",
): Figure {
  return absolute(what, { ours: percentile(values, 99), unit: "ms", target: TARGETS[target] });
}

function openServiceSession(folder: string): Session {
  return openSession({
    program: Deno.execPath(),
    args: ["run", "--quiet", "-A", new URL("loop_child.ts", import.meta.url).pathname, folder],
    cwd: new URL("../..", import.meta.url).pathname,
    env: Deno.env.toObject(),
    printCommand: (word) => `print ${word}`,
  });
}

async function runRound(session: Session, url: string, request: ExportRequest): Promise<Round> {
  await session.run("begin");
  const health = watchHealth(url);
  const exports = () => Array.from({ length: EXPORTS }, () => exportToEnd(url, request, POLL_MS));
  const totalMs = await timed(() => Promise.all(exports()));
  const loopMs = delays.parse(JSON.parse(await session.run("end")));
  return { totalMs, loopMs, healthMs: await health.stop() };
}

function rowOf(wait: string, values: readonly number[]): string[] {
  const figures = [percentile(values, 50), percentile(values, 99), Math.max(...values)];
  return [wait, String(values.length), ...figures.map((ms) => ms.toFixed(1))];
}
