/**
 * Recording events in the audit trail.
 *
 * | from | to | when |
 * |---|---|---|
 * | — | unknown | {@link Audit.begin}: before the change |
 * | unknown | done, failed | {@link StartedAudit.end}: after it, with its details |
 * | unknown | — | `end` as refused: nothing changed, so the refusal is only counted |
 * | — | done, failed | {@link Audit.record}: after the change; {@link Audit.stage}: in its commit |
 * | — | refused | {@link Audit.record}: counted (`data/audit/refusals.ts`) |
 *
 * Because the entry comes before the change, a process that is killed at any moment leaves no change
 * without an entry. It may leave the outcome unknown, also of a change that was never made.
 *
 * The first of equal refused events is stored at once, the others within five seconds. A process that
 * is killed loses these last ones from the count.
 *
 * @module
 */

import { type AuditDetails, type AuditEvent, safeDetails } from "../../data/audit/event.ts";
import { createEventCounter, type EventCount } from "../../data/audit/refusals.ts";
import type { Log } from "../../data/log.ts";
import { outsideRequests } from "../../data/request_context.ts";
import { packStages, type Stage } from "../budget.ts";
import {
  type AuditEntry,
  type AuditPlace,
  stageAuditDelete,
  stageAuditEntry,
} from "./audit_log.ts";

/** How often counts are stored, milliseconds. */
const FLUSH_MS = 5_000;

/** What an audited change turns out to be. */
export type AuditEnd =
  & Pick<AuditEvent, "outcome">
  & Partial<Pick<AuditEvent, "subject" | "code" | "details">>;

/** An event that has begun. */
export interface StartedAudit {
  /** Stores the outcome. A failure to do so is logged, and the outcome stays unknown. */
  end(end: AuditEnd): Promise<void>;
}

/** Records events. Of those that it stores, {@link Audit.begin} and {@link Audit.record} wait for the disk. */
export interface Audit {
  /** Stores an event that has happened. One that was refused is counted with its equals. */
  record(event: AuditEvent): Promise<void>;
  /** Stores that something begins. Do not begin it if this throws. */
  begin(event: Omit<AuditEvent, "outcome">): Promise<StartedAudit>;
  /** An event to add to the commit that makes the change. Call it once for each attempt to commit. */
  stage(event: AuditEvent): Stage;
  /** Stores the counts that are not stored yet. */
  flush(): Promise<void>;
  /** Stores the counts and ends. */
  stop(): Promise<void>;
}

/** What recording needs. */
export interface AuditDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "atomic">;
  /** The unique id of this running process. */
  readonly owner: string;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** Starts recording. */
export function createAudit({ kv, owner, now, log }: AuditDeps): Audit {
  const counter = createEventCounter();
  const places = new WeakMap<EventCount, AuditPlace>();
  const unsaved = new Set<EventCount>();
  let next = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  let saving = Promise.resolve();

  function newPlace(atMs: number): AuditPlace {
    return { atMs, id: `${(next++).toString(36).padStart(8, "0")}-${owner}` };
  }

  function placeOf(count: EventCount): AuditPlace {
    const place = places.get(count) ?? newPlace(count.firstMs);
    places.set(count, place);
    return place;
  }

  async function commit(stage: Stage): Promise<void> {
    const op = kv.atomic();
    stage(op);
    await op.commit();
  }

  /** Stores counts, after those whose storing has begun, so that a lower count never comes last. */
  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const flushed = saving.then(async () => {
      const counts = [...unsaved];
      unsaved.clear();
      const stages = counts.map((count): Stage => {
        const entry = entryOf(placeOf(count), count.event, count);
        return (op) => stageAuditEntry(op, entry);
      });
      try {
        for (const group of packStages(stages)) {
          await commit((op) => group.forEach((stage) => stage(op)));
        }
      } catch (error) {
        counts.forEach((count) => unsaved.add(count));
        flushLater();
        throw error;
      }
    });
    saving = flushed.catch((error) => log("error", "audit not stored", { error }));
    return flushed;
  }

  /** A flush that fails is logged by `flush`, and comes again. */
  function flushLater(): void {
    if (!isStopped) {
      timer ??= outsideRequests(() => setTimeout(() => flush().catch(() => {}), FLUSH_MS));
    }
  }

  async function countRefusal(event: AuditEvent): Promise<void> {
    const count = counter.add(event, now());
    unsaved.add(count);
    if (count.count === 1) await flush();
    else flushLater();
  }

  async function record(event: AuditEvent): Promise<void> {
    if (event.outcome === "refused") await countRefusal(event);
    else await commit((op) => stageAuditEntry(op, entryOf(newPlace(now()), event)));
  }

  async function begin(event: Omit<AuditEvent, "outcome">): Promise<StartedAudit> {
    const place = newPlace(now());
    await commit((op) => stageAuditEntry(op, entryOf(place, { ...event, outcome: "unknown" })));
    return {
      async end({ outcome, subject = event.subject, code = null, details = {} }) {
        const ended = { ...event, subject, outcome, code, details: merged(event.details, details) };
        try {
          if (outcome !== "refused") {
            const entry = entryOf(place, ended, { count: 1, lastMs: place.atMs });
            return await commit((op) => stageAuditEntry(op, entry));
          }
          await countRefusal(ended);
          await commit((op) => stageAuditDelete(op, place));
        } catch (error) {
          log("error", "audit not stored", { action: event.action, outcome, error });
        }
      },
    };
  }

  return {
    record,
    begin,
    stage(event) {
      const entry = entryOf(newPlace(now()), event);
      return (op) => stageAuditEntry(op, entry);
    },
    flush,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      if (unsaved.size > 0) await flush().catch(() => {});
      await saving;
    },
  };
}

function merged(one: AuditDetails = {}, other: AuditDetails): AuditDetails {
  return { ...one, ...other };
}

function entryOf(
  place: AuditPlace,
  { action, outcome, caller: { actor }, address, subject, code = null, details = {} }: AuditEvent,
  { count, lastMs }: Pick<EventCount, "count" | "lastMs"> = { count: 1, lastMs: place.atMs },
): AuditEntry {
  const { kind, id, name } = actor;
  return {
    ...place,
    record: {
      v: 1,
      action,
      outcome,
      actor: { kind, id, name },
      address,
      subject,
      code,
      count,
      lastMs,
      // Stored as JSON has it: lists are no longer read-only there.
      details: JSON.parse(JSON.stringify(safeDetails(details))),
    },
  };
}
