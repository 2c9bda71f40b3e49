/**
 * Planned times of a schedule that were missed: the entry in its list of runs, and the event.
 *
 * @module
 */

import { idsAsSources } from "../../data/events/id_sources.ts";
import { type DomainEvent, eventId, type Recipient } from "../../data/events/event.ts";
import type { MissedTimes } from "../../data/schedules/due_run.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { Staging } from "../../kv/budget.ts";
import { stageEvent } from "../../kv/events/outbox.ts";
import { stageRun } from "../../kv/schedules/runs.ts";
import type { ScheduleRecord } from "../../kv/schedules/schedules.ts";
import { sourcesOf } from "./schedule_contract.ts";

/** Adds missed times to the list of runs and to the events. */
export function stageMissed(
  op: Staging,
  schedule: ScheduleRecord,
  missed: MissedTimes,
  nowMs: number,
): void {
  const { firstMs, lastMs, count, isMore } = missed;
  stageRun(op, {
    scheduleId: schedule.id,
    plannedMs: firstMs,
    run: {
      v: 1,
      kind: "missed",
      createdMs: nowMs,
      jobId: null,
      range: null,
      missed: { lastMs, count, isMore },
    },
  });
  stageEvent(op, missedEvent(schedule, missed, nowMs));
}

/** The event. The same times make the same event. */
function missedEvent(
  schedule: ScheduleRecord,
  { firstMs, lastMs, count, isMore }: MissedTimes,
  atMs: number,
): DomainEvent {
  const { id, name, owner, catchUp, request } = schedule;
  const subject = { kind: "schedule", id } as const;
  const type = "schedule.missed";
  const { kind, ids } = sourcesOf(request);
  // A report that names no stores is about all of them.
  const named = ids.length === 0 ? ["*"] : ids;
  return {
    id: eventId({ type, subject, cause: `${firstMs} ${lastMs}` }),
    type,
    subject,
    atMs,
    account: owner,
    data: {
      name,
      first: instantText(firstMs),
      last: instantText(lastMs),
      count,
      is_more: isMore,
      catch_up: catchUp,
    },
    sources: idsAsSources(kind, named),
    recipients: recipientsOf(schedule),
  };
}

/** Who hears of the runs hears of missed ones too. */
function recipientsOf({ targets: { notify } }: ScheduleRecord): Recipient[] {
  const webhooks = (notify?.webhook ?? []).map((id) => ({ kind: "webhook", id }) as const);
  const { email } = notify ?? {};
  return email === undefined ? webhooks : [...webhooks, { kind: "email", to: email }];
}
