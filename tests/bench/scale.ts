/**
 * How far the service goes in each setup, as rows of `docs/scale.md`.
 *
 * @module
 */

import { markdownTable } from "./table.ts";

/** What was measured of one setup. */
export interface SetupFigures {
  /** Readings a second, one in each request. */
  readonly postsPerSecond: number;
  /** The load that the line before is about. */
  readonly postsLoad: string;
  /** Cores that the processes of the service used meanwhile; null if unknown. */
  readonly cores: number | null;
  /** Cores that the database server used meanwhile; null if there is none or it is unknown. */
  readonly serverCores: number | null;
  /** Readings a second in batches, by what a batch is. */
  readonly batches: Readonly<Record<string, number>>;
  /** Exports of a month of minutes per second. */
  readonly jobsPerSecond: number;
  /** Bytes of a reading at rest; null where it was not measured. */
  readonly bytesPerReading: number | null;
}

const SECONDS_A_MINUTE = 60;
const GB = 1e9;
/** The row of jobs, which the page names too. */
const JOBS = "exports of a month of minutes a second";

/** The rows of a setup. */
export function setupRows(figures: SetupFigures): string[][] {
  const { postsPerSecond, postsLoad, cores, serverCores, batches, jobsPerSecond } = figures;
  const rows = [
    [`readings a second, one in a request (${postsLoad})`, rounded(postsPerSecond)],
    ["devices at a reading a minute, sent so", rounded(postsPerSecond * SECONDS_A_MINUTE)],
    ...Object.entries(batches).map(([what, rate]) => [
      `readings a second, in batches of ${what}`,
      rounded(rate),
    ]),
    [JOBS, decimal(jobsPerSecond)],
  ];
  if (cores !== null) rows.push(["cores that the service used, one in a request", decimal(cores)]);
  if (serverCores !== null) {
    rows.push(["cores that the database server used meanwhile", decimal(serverCores)]);
  }
  if (figures.bytesPerReading !== null) {
    rows.push(["bytes of a reading of four values at rest", decimal(figures.bytesPerReading)]);
  }
  return rows;
}

/** From what the rows of Deno Deploy are computed. */
export interface DeployInputs {
  /** How long a commit takes: the distance to the database, milliseconds. */
  readonly commitMs: number;
  /** Requests that wait at the same time, each for its answer. */
  readonly connections: number;
  /** Readings in a batch. */
  readonly batch: number;
  /** Commits that a job takes one after the other. */
  readonly jobCommits: number;
  /** How many jobs run at the same time. */
  readonly jobsAtOnce: number;
  /** Bytes of a reading at rest. */
  readonly bytesPerReading: number;
}

/** What follows for one instance if nothing but the distance to the database takes time. */
export function deployRows(inputs: DeployInputs): string[][] {
  const { commitMs, connections, batch, jobCommits, jobsAtOnce, bytesPerReading } = inputs;
  const commits = 1_000 / commitMs;
  return [
    [`commits a second, one after the other, of ${commitMs} ms each`, decimal(commits)],
    [
      `readings a second, one in a request, ${connections} requests at a time`,
      rounded(commits * connections),
    ],
    [
      `readings a second, in batches of ${rounded(batch)}, one at a time`,
      rounded(commits * batch),
    ],
    [
      `exports a second, of ${jobCommits} commits each, ${jobsAtOnce} at a time`,
      decimal(commits / jobCommits * jobsAtOnce),
    ],
    ["readings in a GB of the database", `${rounded(GB / bytesPerReading / 1e6)} million`],
  ];
}

/** A table of the page: what, the figure, and where it comes from. */
export function setupTable(rows: readonly (readonly string[])[], source: string): string {
  return markdownTable([["what", "figure", "from"], ...rows.map((row) => [...row, source])]);
}

/** Two significant digits, with separators of thousands: more would say more than was measured. */
function rounded(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString("en-US");
}

function decimal(value: number): string {
  return value < 10 ? value.toFixed(1) : rounded(value);
}
