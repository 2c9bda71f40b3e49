/**
 * The ingest committer: commits the live readings of many requests together.
 *
 * While a commit is in progress, new requests wait for the next one. So a lone request waits for no
 * other, and a thousand concurrent requests share a few commits. Over a network several commits may be
 * in progress, but only one of each series, so that its readings keep their order.
 *
 * A commit has no checks and cannot conflict. For each series it writes a new segment, the revision, the
 * segment count and the days of the change feed, for each profile that it was revised, and what the
 * requests add (last seen, rate counters). A request is answered after the commit that holds its
 * readings. So an acknowledged reading survives a crash; one that was not acknowledged may or may not be
 * stored.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { NO_RECORDER, type Recorder } from "../../data/metrics/recorder.ts";
import { outsideRequests } from "../../data/request_context.ts";
import type { Page } from "../../data/readings/page.ts";
import { currentTraceparent, inSpan } from "../../data/tracing.ts";
import { BUILT_IN_PROFILES, type Profiles } from "../../data/readings/profiles.ts";
import {
  addCosts,
  combineStages,
  COMMIT_ROOM,
  type Cost,
  fitsCommit,
  packByCost,
  type RecordedStage,
  recordStage,
  type Stage,
} from "../budget.ts";
import { stageChanged } from "./changes.ts";
import {
  batchesOf,
  type IngestBatch,
  type IngestRequest,
  segmentParts,
  seriesName,
} from "./ingest_batches.ts";
import type { SeriesRef } from "./ref.ts";
import { stageRevised, stageRevisionOfMany } from "./revisions.ts";
import { stageSegmentAdded } from "./segment_counts.ts";
import { stageSegment } from "./segments.ts";

/** Requests per round, so that preparing its commits does not stall the event loop. */
const ROUND_REQUESTS = 512;
/** How often a commit is tried. */
const TRIES = 3;
/** Pause between two tries. */
const RETRY_MS = 50;

/** Accepts live readings. */
export interface Ingest {
  /**
   * Stores readings of one series, in any order. Resolves once they are durable. `stage` is added to
   * the same commit, or gets a commit of its own if there are no readings.
   *
   * @throws {AppError} SERVICE_STOPPING after {@link Ingest.stop}.
   * @throws {TypeError} when the page has more columns than the profile has metrics. A page may have
   * fewer: what sent it knew an older version of the profile.
   * @throws {RangeError} when the stage needs more than half of what a commit holds.
   */
  add(ref: SeriesRef, page: Page, stage?: Stage): Promise<void>;
  /** Accepts nothing more and waits until everything that was accepted is durable or has failed. */
  stop(): Promise<void>;
}

/** What the committer needs. */
export interface IngestDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "atomic">;
  /** Name of this running process. No other process may ever have used it. */
  readonly writer: string;
  /** The profiles; the built-in ones by default. */
  readonly profiles?: Pick<Profiles, "get">;
  /** What a commit may hold of what is written here. */
  readonly room?: Cost;
  /** How many commits may be in progress; 1 by default. */
  readonly ingestRounds?: number;
  /** Counts what happens; nothing by default. */
  readonly record?: Recorder;
}

/** Creates a committer. */
export function createIngest(
  {
    kv,
    writer,
    profiles = BUILT_IN_PROFILES,
    room = COMMIT_ROOM,
    ingestRounds: most = 1,
    record = NO_RECORDER,
  }: IngestDeps,
): Ingest {
  let waiting: IngestRequest[] = [];
  /** The series that rounds in progress write. */
  const busy = new Set<string>();
  const running = new Set<Promise<void>>();
  let starting: Promise<void> | null = null;
  let isStopped = false;
  let segmentNumber = 0;

  function startRounds(): void {
    while (running.size < most && waiting.length > 0) {
      const requests = takeRequests();
      if (requests.length === 0) return;
      const names = most === 1 ? [] : requests.map(({ ref }) => seriesName(ref));
      for (const name of names) busy.add(name);
      const round = commitRound(requests)
        .catch((error) => requests.forEach(({ reject }) => reject(error)))
        .finally(() => {
          running.delete(round);
          for (const name of names) busy.delete(name);
          startRounds();
        });
      running.add(round);
    }
  }

  /** The requests of the next round, in the order of their arrival. */
  function takeRequests(): readonly IngestRequest[] {
    if (busy.size === 0) {
      const first = waiting.slice(0, ROUND_REQUESTS);
      waiting = waiting.slice(ROUND_REQUESTS);
      return first;
    }
    const taken: IngestRequest[] = [], left: IngestRequest[] = [];
    for (const request of waiting) {
      const isTaken = taken.length < ROUND_REQUESTS && !busy.has(seriesName(request.ref));
      (isTaken ? taken : left).push(request);
    }
    waiting = left;
    return taken;
  }

  async function start(): Promise<void> {
    await null;
    starting = null;
    startRounds();
  }

  async function commitRound(requests: readonly IngestRequest[]): Promise<void> {
    const owners = new Map<RecordedStage, IngestBatch>();
    for (const batch of batchesOf(requests)) {
      const stages = batchStages(batch);
      batch.open = stages.length;
      for (const stage of stages) owners.set(stage, batch);
    }
    for (const stages of packByCost([...owners.keys()], { room })) {
      await commitGroup(stages, owners);
    }
  }

  /**
   * Commits stages together. If the database refuses the commit (instead of failing to do it), the
   * group is split: stage by stage, then request by request, so that only the request at fault is
   * rejected.
   */
  async function commitGroup(
    stages: readonly RecordedStage[],
    owners: ReadonlyMap<RecordedStage, IngestBatch>,
    tries = TRIES,
  ): Promise<void> {
    const batches = stages.flatMap((stage) => owners.get(stage) ?? []);
    const requests = batches.flatMap((batch) => batch.requests);
    const startMs = performance.now();
    try {
      const start = {
        parent: null,
        // Each of the requests waits for the commit, so it belongs to none of them alone.
        links: requests.flatMap(({ traceparent }) => traceparent ?? []),
        fields: { "openwatts.commit.requests": requests.length },
      };
      await inSpan(
        "kv commit",
        start,
        () => commit(kv, [...stages, revisedStage(batches)], tries),
      );
      const seconds = (performance.now() - startMs) / 1_000;
      record.observe("openwatts_ingest_commit_duration_seconds", [], seconds);
    } catch (error) {
      record.add("openwatts_ingest_commit_failures_total", []);
      if (!isRefusal(error) || requests.length === 1) {
        requests.forEach(({ reject }) => reject(error));
      } else if (stages.length > 1) {
        for (const stage of stages) await commitGroup([stage], owners, 1);
      } else for (const request of requests) await commitRound([request]);
      return;
    }
    for (const batch of batches) {
      if (--batch.open > 0) continue;
      const readings = batch.requests.reduce((sum, { page }) => sum + page.timesMs.length, 0);
      record.add("openwatts_readings_in_total", ["live"], readings);
      batch.requests.forEach(({ resolve }) => resolve());
    }
  }

  /** Once for each profile, as a commit has room for them, but not for one of each series. */
  function revisedStage(batches: readonly IngestBatch[]): Pick<RecordedStage, "stage"> {
    const withReadings = batches.filter(({ requests }) =>
      requests.some(({ page }) => page.timesMs.length > 0)
    );
    const profiles = withReadings.map(({ requests: [{ ref }] }) => ref.profile);
    return { stage: (op) => stageRevised(op, profiles) };
  }

  /** One stage per segment of a batch. The first one includes what the requests add. */
  function batchStages(batch: IngestBatch): RecordedStage[] {
    const { ref } = batch.requests[0];
    const extras = batch.requests.map(({ extra }) => extra);
    const parts = segmentParts(batch);
    if (parts.length === 0) return [combineStages(extras)];
    return parts.map(({ bytes, days }, index) => {
      const segment = recordStage((op) => {
        stageSegment(op, ref, { writer, number: ++segmentNumber, bytes });
        stageRevisionOfMany(op, ref);
        stageSegmentAdded(op, ref);
        for (const dayMs of days) stageChanged(op, ref, dayMs);
      });
      return index === 0 ? combineStages([segment, ...extras]) : segment;
    });
  }

  return {
    async add(ref, page, stage = () => {}) {
      if (isStopped) throw new AppError("SERVICE_STOPPING", "The service is stopping");
      const width = profiles.get(ref.profile)?.metrics.length ?? 0;
      if (page.columns.length > width) {
        const fact = `profile ${ref.profile} has ${width} metrics`;
        throw new TypeError(`Cannot ingest page as ${fact}: ${page.columns.length}`);
      }
      // Runs the stage here, once: if it throws, it fails its own request and no other.
      const extra = recordStage(stage);
      const { cost } = extra;
      if (!fitsCommit(addCosts(cost, cost))) {
        const fact = "a stage may fill at most half of a commit";
        throw new RangeError(`Cannot ingest stage as ${fact}: ${cost.mutations} mutations`);
      }
      if (page.timesMs.length === 0 && cost.mutations === 0) return;
      await new Promise<void>((resolve, reject) => {
        waiting.push({ ref, page, extra, traceparent: currentTraceparent(), resolve, reject });
        // Starts after the code that runs now, so that requests of one turn share a commit.
        if (running.size < most) starting ??= outsideRequests(start);
      });
    },
    async stop() {
      isStopped = true;
      await starting;
      while (running.size > 0) await Promise.all(running);
    },
  };
}

/**
 * Commits stages, and retries if the database does not answer. A commit that did happen is then done
 * twice. Its segments keep their names, so the readings stay the same, unless they were folded and
 * overwritten in that moment. Counters may count a request twice.
 */
async function commit(
  kv: IngestDeps["kv"],
  stages: readonly Pick<RecordedStage, "stage">[],
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

/** Whether an error may be about the data: too large, or of a kind that cannot be stored. */
function isRefusal(error: unknown): boolean {
  return error instanceof TypeError || error instanceof DOMException;
}
