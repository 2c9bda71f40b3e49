/**
 * The ingest committer: live readings of many requests in one commit.
 *
 * While a commit is on its way, what arrives waits for the next one. So a lone request waits for
 * nobody, and a thousand at once share a few commits. A commit holds no check and cannot conflict:
 * one new segment a series, its revision, its days in the change feed, and what a request adds
 * (last seen, rate counters). A request is answered after the commit that holds its readings.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { dayStartMs } from "../../data/limits.ts";
import { concatPages, type Page, slicePage } from "../../data/readings/page.ts";
import { splitPage } from "../../data/readings/page_split.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import {
  addCosts,
  combineStages,
  COMMIT_ROOM,
  type Cost,
  fitsCommit,
  NO_COST,
  packByCost,
  type RecordedStage,
  recordStage,
  type Stage,
} from "../budget.ts";
import { stageChanged } from "./changes.ts";
import { stageRevision } from "./revisions.ts";
import { stageSegment } from "./segments.ts";
import type { SeriesRef } from "./ref.ts";
import { stageSegmentAdded } from "./segment_counts.ts";

/** Most readings of a segment; its bytes bound it too (`data/readings/page_split.ts`). */
const SEGMENT_MAX_READINGS = 4_000;
/** Most days of a segment, each of which is a mutation of its commit. */
const SEGMENT_MAX_DAYS = 150;
/** Requests taken into one round, so that its commits do not stall the event loop. */
const ROUND_REQUESTS = 512;
/** How often a commit is tried, and how long is waited in between. */
const TRIES = 3;
const RETRY_MS = 50;

/** Takes live readings. */
export interface Ingest {
  /**
   * Stores readings of one series, in any order, as one segment or a few; `stage` goes on the same
   * commit, and on one of its own where there are no readings. Resolves once they are durable.
   *
   * @throws {AppError} SERVICE_STOPPING after {@link Ingest.stop}.
   * @throws {TypeError} when the page has not as many columns as the profile has metrics.
   * @throws {RangeError} when the stage takes more than half of what a commit holds.
   */
  add(ref: SeriesRef, page: Page, stage?: Stage): Promise<void>;
  /** Takes nothing more and waits until all that was taken is durable. */
  stop(): Promise<void>;
}

/** What the committer needs. */
export interface IngestDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "atomic">;
  /** This running process, unlike any other that ever was. */
  readonly writer: string;
  /** What a commit of the database may hold of what is written here. */
  readonly room?: Cost;
}

interface Request {
  readonly ref: SeriesRef;
  readonly page: Page;
  readonly extra: RecordedStage;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** The requests of one series in one round, and how many of their stages are not durable yet. */
interface Batch {
  readonly requests: Request[];
  open: number;
}

/** A committer with nothing to do. */
export function createIngest({ kv, writer, room = COMMIT_ROOM }: IngestDeps): Ingest {
  let waiting: Request[] = [];
  let rounds: Promise<void> | null = null;
  let isStopped = false;
  let segmentNumber = 0;

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const requests = waiting.slice(0, ROUND_REQUESTS);
      waiting = waiting.slice(ROUND_REQUESTS);
      try {
        await commitRound(requests);
      } catch (error) {
        requests.forEach(({ reject }) => reject(error));
      }
    }
    rounds = null;
  }

  async function commitRound(requests: readonly Request[]): Promise<void> {
    const owners = new Map<RecordedStage, Batch>();
    for (const batch of batchesOf(requests)) {
      const stages = batchStages(batch.requests);
      batch.open = stages.length;
      for (const stage of stages) owners.set(stage, batch);
    }
    for (const stages of packByCost([...owners.keys()], { room })) {
      await commitGroup(stages, owners);
    }
  }

  /**
   * Commits stages together. What the database refuses, rather than fails to do, is parted: stage
   * by stage, then request by request, so that only the one at fault is rejected.
   */
  async function commitGroup(
    stages: readonly RecordedStage[],
    owners: ReadonlyMap<RecordedStage, Batch>,
    tries = TRIES,
  ): Promise<void> {
    const batches = stages.flatMap((stage) => owners.get(stage) ?? []);
    const requests = batches.flatMap((batch) => batch.requests);
    try {
      await commit(kv, stages, tries);
    } catch (error) {
      if (!isRefusal(error) || requests.length === 1) {
        requests.forEach(({ reject }) => reject(error));
      } else if (stages.length > 1) {
        for (const stage of stages) await commitGroup([stage], owners, 1);
      } else for (const request of requests) await commitRound([request]);
      return;
    }
    for (const batch of batches) {
      if (--batch.open === 0) batch.requests.forEach(({ resolve }) => resolve());
    }
  }

  /** A series' readings of a batch: a stage a segment, the first with what the requests add. */
  function batchStages(requests: readonly Request[]): RecordedStage[] {
    const { ref } = requests[0];
    const page = concatPages(requests.map((request) => request.page));
    const extras = requests.map(({ extra }) => extra);
    if (page.timesMs.length === 0) return [combineStages(extras)];
    return fewDays(page).flatMap((piece) =>
      splitPage(piece.page, SEGMENT_MAX_READINGS)
        .map((part) => ({ bytes: part.bytes, days: piece.days }))
    )
      .map(({ bytes, days }, index) => {
        const segment = recordStage((op) => {
          stageSegment(op, ref, { writer, number: ++segmentNumber, bytes });
          stageRevision(op, ref);
          stageSegmentAdded(op, ref);
          for (const dayMs of days) stageChanged(op, ref, dayMs);
        });
        return index === 0 ? combineStages([segment, ...extras]) : segment;
      });
  }

  return {
    async add(ref, page, stage = () => {}) {
      if (isStopped) throw new AppError("SERVICE_STOPPING", "The service stops");
      const wanted = PROFILES[ref.profile].metrics.length;
      if (page.columns.length !== wanted) {
        const fact = `profile ${ref.profile} has ${wanted} metrics`;
        throw new TypeError(`Cannot ingest page as ${fact}: ${page.columns.length}`);
      }
      // Runs the stage once: one that throws refuses its own request and no other.
      const extra = recordStage(stage);
      const { cost } = extra;
      if (!fitsCommit(addCosts(cost, cost))) {
        const fact = "a stage takes at most half of a commit";
        throw new RangeError(`Cannot ingest stage as ${fact}: ${cost.mutations} mutations`);
      }
      if (page.timesMs.length === 0 && cost.mutations === 0) return;
      await new Promise<void>((resolve, reject) => {
        waiting.push({ ref, page, extra, resolve, reject });
        // Begins behind what runs now, so that requests of one turn share a commit.
        rounds ??= Promise.resolve().then(work);
      });
    },
    async stop() {
      isStopped = true;
      await rounds;
    },
  };
}

/**
 * Commits stages, trying again where the database does not answer. A commit that did happen is then
 * done twice: its segments keep their names, so readings stay what they are (unless they were folded
 * and written over within that moment), and counters may count a request twice.
 */
async function commit(
  kv: IngestDeps["kv"],
  stages: readonly RecordedStage[],
  tries: number,
): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      const op = kv.atomic();
      stages.forEach(({ stage }) => stage(op));
      await op.commit();
      return;
    } catch (error) {
      if (attempt === tries) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** Whether an error may be about what was to be stored: too large, or not to be stored at all. */
function isRefusal(error: unknown): boolean {
  return error instanceof TypeError || error instanceof DOMException;
}

/** The requests of a round by series; those whose stages would fill a commit, in several batches. */
function batchesOf(requests: readonly Request[]): Batch[] {
  const batches: Batch[] = [];
  const latest = new Map<string, { batch: Batch; cost: Cost }>();
  for (const request of requests) {
    const name = `${request.ref.profile}/${request.ref.id}`;
    const open = latest.get(name);
    const cost = addCosts(open?.cost ?? NO_COST, request.extra.cost);
    if (open !== undefined && fitsCommit(addCosts(cost, cost))) {
      open.batch.requests.push(request);
      open.cost = cost;
    } else {
      const batch = { requests: [request], open: 0 };
      batches.push(batch);
      latest.set(name, { batch, cost: request.extra.cost });
    }
  }
  return batches;
}

/** A page in pieces of so few days that a commit holds the change feed's entries of one. */
function fewDays(page: Page): { page: Page; days: Iterable<number> }[] {
  if (page.timesMs.length === 1) return [{ page, days: [dayStartMs(page.timesMs[0])] }];
  const pieces: { page: Page; days: Set<number> }[] = [];
  let start = 0;
  let days = new Set<number>();
  page.timesMs.forEach((timeMs, row) => {
    const dayMs = dayStartMs(timeMs);
    if (days.size === SEGMENT_MAX_DAYS && !days.has(dayMs)) {
      pieces.push({ page: slicePage(page, start, row), days });
      start = row;
      days = new Set();
    }
    days.add(dayMs);
  });
  return [...pieces, { page: slicePage(page, start, page.timesMs.length), days }];
}
