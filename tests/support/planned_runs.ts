/**
 * Schedules that run once a minute, each at its own second, and what must be true of their runs.
 *
 * @module
 */

import { assert, assertEquals } from "./assert.ts";
import { askJson, importText, type JsonAnswer, postJson } from "./service.ts";
import { until } from "./until.ts";

const MINUTE_MS = 60_000;
/** When all of them began, epoch milliseconds; each so many seconds later. */
const START_MS: number = Date.UTC(2026, 0, 1);

/** Schedules, in the order of their seconds. */
export interface MinuteSchedules {
  /** Their ids. */
  readonly ids: readonly string[];
  /** From when on all of them were there, epoch milliseconds. */
  readonly fromMs: number;
}

/** All items of a list, page by page. */
export async function listAll(
  url: string,
  first: string,
  field: string,
): Promise<JsonAnswer["body"][]> {
  const items: JsonAnswer["body"][] = [];
  for (let path: string | null = first; path !== null;) {
    const { status, body }: JsonAnswer = await askJson(url + path);
    assertEquals(status, 200, JSON.stringify(body));
    items.push(...body[field]);
    path = body.next;
  }
  return items;
}

/** Adds schedules that export a meter. Every run that was missed is to be caught up. */
export async function addMinuteSchedules(url: string, count: number): Promise<MinuteSchedules> {
  await importText(url, "m", "timestamp,energy_kwh\n2024-01-01T00:00:00Z,1\n");
  const ids: string[] = [];
  for (let number = 0; number < count; number++) {
    const { status, body } = await postJson(`${url}/api/schedules`, {
      name: `schedule ${number}`,
      every: "PT1M",
      start: new Date(START_MS + number % 60 * 1_000).toISOString(),
      timezone: "UTC",
      catch_up: "all",
      request: { smart_meter_id: "m", period: "yesterday", format: "csv" },
    });
    assertEquals(status, 201, JSON.stringify(body));
    ids.push(body.id);
  }
  return { ids, fromMs: Date.now() };
}

/** Checks that every planned time until now has exactly one run with exactly one job. Returns how many. */
export async function expectOneJobEach(
  url: string,
  { ids, fromMs }: MinuteSchedules,
  timeoutMs: number,
): Promise<number> {
  const untilMs = Date.now();
  const expected = ids.map((_, number) => plannedTimes(number, fromMs, untilMs));
  const runsOf = (id: string) => listAll(url, `/api/schedules/${id}/runs?limit=100`, "runs");
  let found: JsonAnswer["body"][][] = [];
  await until(async () => {
    found = await Promise.all(ids.map(runsOf));
    return found.every((runs, number) =>
      expected[number].every((time) => runs.some((run) => plannedAt(run) === time)) &&
      runs.every(({ status }) => status === "completed" || status === "failed")
    );
  }, timeoutMs).catch(() => {});
  for (const [number, runs] of found.entries()) {
    const times = runs.map(plannedAt).toSorted();
    assertEquals(new Set(times).size, times.length, "a planned time stands there twice");
    // Runs that were planned before all schedules were there, or meanwhile, may be there too.
    const within = times.filter((time) =>
      Date.parse(time) >= fromMs && Date.parse(time) <= untilMs
    );
    assertEquals(within, expected[number], `runs of schedule ${number}`);
    for (const { status, missed } of runs) assertEquals([status, missed], ["completed", null]);
  }
  const jobIds = found.flat().map(({ job_id: id }) => id);
  assertEquals(new Set(jobIds).size, jobIds.length, "two runs have one job");
  // Jobs first: a run that is planned meanwhile has a job that is not in the list.
  const jobs = await listAll(url, "/api/exports?limit=100", "exports");
  const known = new Set((await Promise.all(ids.map(runsOf))).flat().map(({ job_id: id }) => id));
  assertEquals(jobs.filter(({ id }) => !known.has(id)).map(({ id }) => id), []);
  assert(jobIds.length > 0);
  return jobIds.length;
}

function plannedTimes(number: number, fromMs: number, untilMs: number): string[] {
  const startMs = START_MS + number % 60 * 1_000;
  const times: string[] = [];
  let timeMs = startMs + Math.ceil((fromMs - startMs) / MINUTE_MS) * MINUTE_MS;
  for (; timeMs <= untilMs; timeMs += MINUTE_MS) times.push(new Date(timeMs).toISOString());
  return times;
}

function plannedAt({ planned_at: at }: JsonAnswer["body"]): string {
  return new Date(at).toISOString();
}
