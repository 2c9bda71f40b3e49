/**
 * The ingest committer: commits the live readings of many requests together.
 *
 * While a commit is in progress, new requests wait for the next one. So a lone request waits for no
 * other, and a thousand concurrent requests share a few commits.
 *
 * A commit has no checks and cannot conflict. In every database that the service opens, it is one value
 * (`ingest_groups.ts`): the journal of a file and the logs of a shared database take groups. Their
 * entries are worked out later: for each series a new segment, the revision, the segment count and the
 * days of the change feed, and what was received. A bare database takes no groups: then a commit writes
 * these entries itself. Only tests use one, as they look at entries, or write what releases up to 0.12
 * wrote.
 *
 * A request is answered after the commit that holds its readings. So an acknowledged reading survives a
 * crash; one that was not acknowledged may or may not be stored.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { NO_RECORDER, type Recorder } from "../../data/metrics/recorder.ts";
import { outsideRequests } from "../../data/request_context.ts";
import { readingsOfItem } from "../../data/readings/group_format.ts";
import { type Page, slicePage } from "../../data/readings/page.ts";
import { currentTraceparent, inSpan } from "../../data/tracing.ts";
import { BUILT_IN_PROFILES, type Profiles } from "../../data/readings/profiles.ts";
import {
  combineStages,
  COMMIT_ROOM,
  type Cost,
  packByCost,
  type RecordedStage,
  recordStage,
  type Stage,
} from "../budget.ts";
import { stageChanged } from "./changes.ts";
import { holdsGroups } from "../journal/group_operations.ts";
import {
  batchesOf,
  type IngestBatch,
  type IngestCall,
  type IngestRequest,
  type LiveReadings,
  noRecord,
  requireHalf,
  segmentParts,
  settle,
} from "./ingest_batches.ts";
import { commitGroup as writeGroup, commitStages, isRefusal } from "./ingest_commit.ts";
import { groupedCommits } from "./ingest_groups.ts";
import type { SeriesRef } from "./ref.ts";
import { stageRevised, stageRevisionOfMany } from "./revisions.ts";
import { stageSegmentAdded } from "./segment_counts.ts";
import { stageSegment } from "./segments.ts";

/** Requests per round, so that preparing its commits does not stall the event loop. */
const ROUND_REQUESTS = 512;
/** The same for groups, of which a request needs little. */
const GROUP_REQUESTS = 4_000;
/** How often a commit is tried. */
const TRIES = 3;

/** Accepts live readings. */
export interface Ingest {
  /**
   * Whether it writes receipts, as every one does that is not over a bare database. If not, a stage must
   * say what they would.
   */
  readonly takesReceipts: boolean;
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
  /**
   * Stores readings of many series, like {@link Ingest.add}. Resolves once it is known of each whether
   * it is durable: with null, or with why it is not.
   */
  addMany(all: readonly LiveReadings[]): Promise<readonly unknown[]>;
  /** Accepts nothing more and waits until everything that was accepted is durable or has failed. */
  stop(): Promise<void>;
}

/** What the committer needs. */
export interface IngestDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "atomic">;
  /** The same, if commits of ingest take another way. */
  readonly ingestKv?: Pick<Deno.Kv, "atomic">;
  /** Name of this running process. No other process may ever have used it. */
  readonly writer: string;
  /** The profiles; the built-in ones by default. */
  readonly profiles?: Pick<Profiles, "get">;
  /** What a commit may hold of what is written here. */
  readonly room?: Cost;
  /** Counts what happens; nothing by default. */
  readonly record?: Recorder;
}

/** Creates a committer. */
export function createIngest(
  {
    kv: database,
    ingestKv: kv = database,
    writer,
    profiles = BUILT_IN_PROFILES,
    room = COMMIT_ROOM,
    record = NO_RECORDER,
  }: IngestDeps,
): Ingest {
  let waiting: IngestRequest[] = [];
  let running: Promise<void> | null = null;
  let starting: Promise<void> | null = null;
  let isStopped = false;
  let segmentNumber = 0;
  /** False for a bare database alone. */
  const hasGroups = holdsGroups(kv.atomic());
  const roundRequests = hasGroups ? GROUP_REQUESTS : ROUND_REQUESTS;

  function startRound(): void {
    if (running !== null || waiting.length === 0) return;
    const requests = takeRequests();
    running = commitRound(requests)
      .catch((error) => requests.forEach((request) => settle(request, error)))
      .finally(() => {
        running = null;
        startRound();
      });
  }

  /** The requests of the next round, in the order of their arrival. */
  function takeRequests(): readonly IngestRequest[] {
    const first = waiting;
    waiting = first.length > roundRequests ? first.splice(roundRequests) : [];
    return first;
  }

  async function start(): Promise<void> {
    await null;
    starting = null;
    startRound();
  }

  async function commitRound(requests: readonly IngestRequest[]): Promise<void> {
    if (hasGroups) return await commitGroups(requests);
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
    try {
      await inCommit(requests, () => commitStages(kv, [...stages, revisedStage(batches)], tries));
    } catch (error) {
      if (!isRefusal(error) || requests.length === 1) {
        requests.forEach((request) => settle(request, error));
      } else if (stages.length > 1) {
        for (const stage of stages) await commitGroup([stage], owners, 1);
      } else for (const request of requests) await commitRound([request]);
      return;
    }
    for (const batch of batches) if (--batch.open === 0) settleAll(batch.requests);
  }

  /** Does a commit, and takes note of it. */
  async function inCommit(
    requests: readonly IngestRequest[],
    run: () => Promise<void>,
  ): Promise<void> {
    const startMs = performance.now();
    const start = {
      parent: null,
      // Each of the requests waits for the commit, so it belongs to none of them alone.
      links: requests.flatMap(({ traceparent }) => traceparent ?? []),
      fields: { "openwatts.commit.requests": requests.length },
    };
    try {
      await inSpan("kv commit", start, run);
      const seconds = (performance.now() - startMs) / 1_000;
      record.observe("openwatts_ingest_commit_duration_seconds", [], seconds);
    } catch (error) {
      record.add("openwatts_ingest_commit_failures_total", []);
      throw error;
    }
  }

  /** Answers requests that are durable. */
  function settleAll(requests: readonly IngestRequest[]): void {
    let readings = 0;
    for (const request of requests) readings += readingsOfItem(request);
    record.add("openwatts_readings_in_total", ["live"], readings);
    for (const request of requests) settle(request, null);
  }

  /** Commits requests as groups. */
  async function commitGroups(requests: readonly IngestRequest[]): Promise<void> {
    const options = { writer, firstNumber: segmentNumber + 1, room };
    const commits = groupedCommits(requests, options);
    for (const { group } of commits) segmentNumber += group?.items.length ?? 0;
    for (const grouped of commits) {
      try {
        await inCommit(grouped.requests, () => writeGroup(kv, grouped, TRIES));
      } catch (error) {
        await splitOrReject(grouped.requests, error);
        continue;
      }
      settleAll(grouped.requests.filter((request) => --request.open === 0));
    }
  }

  /** A refused commit is split in halves, until the request at fault is alone. */
  async function splitOrReject(requests: readonly IngestRequest[], error: unknown): Promise<void> {
    if (!isRefusal(error) || requests.length === 1) {
      for (const request of requests) settle(request, error);
      return;
    }
    const half = requests.length >>> 1;
    await commitGroups(requests.slice(0, half));
    await commitGroups(requests.slice(half));
  }

  /** Once for each profile, as a commit has room for them, but not for one of each series. */
  function revisedStage(batches: readonly IngestBatch[]): Pick<RecordedStage, "stage"> {
    const withReadings = batches.filter(({ requests }) =>
      requests.some(({ page }) => page.timesMs.length > 0)
    );
    const profiles = withReadings.map(({ requests: [{ profile }] }) => profile);
    return { stage: (op) => stageRevised(op, profiles) };
  }

  /** One stage per segment of a batch. The first one includes what the requests add. */
  function batchStages(batch: IngestBatch): RecordedStage[] {
    const [ref] = batch.requests;
    const extras = batch.requests.flatMap(({ extra }) => extra ?? []);
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

  /** Adds a request to those that wait. Without anything to write, it is settled at once. */
  function enqueue(live: LiveReadings, call: IngestCall, index: number): void {
    if (isStopped) throw new AppError("SERVICE_STOPPING", "The service is stopping");
    const { profile, id, rows, stage, receipt = null, lastSeen = noRecord } = live;
    const width = profiles.get(profile)?.metrics.length ?? 0;
    if (live.page.columns.length > width) {
      const fact = `profile ${profile} has ${width} metrics`;
      throw new TypeError(`Cannot ingest page as ${fact}: ${live.page.columns.length}`);
    }
    // Runs the stage here, once: if it throws, it fails its own request and no other.
    const extra = stage === undefined ? null : recordStage(stage);
    if (extra !== null) requireHalf(extra.cost);
    const isWhole = hasGroups || rows === undefined;
    const page = isWhole ? live.page : slicePage(live.page, rows.start, rows.end);
    const request: IngestRequest = {
      profile,
      id,
      page,
      rows: isWhole ? rows : undefined,
      receipt,
      state: null,
      lastSeen,
      extra,
      traceparent: currentTraceparent(),
      open: 0,
      call,
      index,
    };
    const isEmpty = receipt === null && (extra === null || extra.cost.mutations === 0);
    if (isEmpty && readingsOfItem(request) === 0) return settle(request, null);
    waiting.push(request);
    // Starts after the code that runs now, so that requests of one turn share a commit.
    if (running === null) starting ??= outsideRequests(start);
  }

  function addMany(all: readonly LiveReadings[]): Promise<readonly unknown[]> {
    const { promise, resolve } = Promise.withResolvers<readonly unknown[]>();
    const call = { errors: new Array(all.length).fill(undefined), left: all.length, resolve };
    for (let index = 0; index < all.length; index++) {
      try {
        enqueue(all[index], call, index);
      } catch (error) {
        call.errors[index] = error;
        if (--call.left === 0) resolve(call.errors);
      }
    }
    if (all.length === 0) resolve(call.errors);
    return promise;
  }

  return {
    takesReceipts: hasGroups,
    async add({ profile, id }, page, stage) {
      const [error] = await addMany([{ profile, id, page, stage }]);
      if (error !== null) throw error;
    },
    addMany,
    async stop() {
      isStopped = true;
      await starting;
      while (running !== null) await running;
    },
  };
}
