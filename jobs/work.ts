/**
 * All that a worker does, put together: the kinds of jobs, and the duties besides those of every worker.
 *
 * @module
 */

import { accountJobsRunning } from "../data/access/account.ts";
import type { Settings } from "../data/settings.ts";
import type { KeyStore } from "../kv/access/keys.ts";
import { maxChecks } from "../kv/budget.ts";
import type { WebhookStore } from "../kv/webhooks/webhooks.ts";
import { alertDuty, type AlertDutyDeps } from "./alerts/alert_duty.ts";
import { type ChangedDevicesDeps, createChangedDevices } from "./continuous/changed_devices.ts";
import { createExpiryGate } from "./continuous/expiry_gate.ts";
import type { Duty } from "./engine/duty_loop.ts";
import type { JobEnds } from "./engine/job_ends.ts";
import { jobEndStage } from "./end_events.ts";
import { type JobKindDeps, jobKinds } from "./kinds.ts";
import type { Notifier } from "./notify/notifier.ts";
import type { ScheduleWork } from "./schedules/schedule_work.ts";
import { auditRetentionDuty } from "./upkeep/audit_retention.ts";
import { type RetentionDeps, retentionDuty } from "./upkeep/retention.ts";
import { startWorker, type Worker, type WorkerDeps } from "./worker.ts";

/** What `startWork` adds to what the parts need. */
type Added =
  | "kinds"
  | "concurrency"
  | "runningMax"
  | "onEnded"
  | "endStage"
  | "crowds"
  | "moreDuties";

/** What work needs. */
export type WorkDeps =
  & Omit<WorkerDeps, Added>
  & Omit<JobKindDeps, "isExporting">
  & Omit<AlertDutyDeps, "maxChecks" | "onEvents">
  & Omit<RetentionDeps, "gate">
  & ChangedDevicesDeps
  & Pick<Settings, "workerConcurrency" | "accountLimits" | "continuous">
  & {
    /** The keys, which may have limits of their own. */
    readonly keys: Pick<KeyStore, "limitsOf">;
    /** Learns of jobs that end. */
    readonly ends: Pick<JobEnds, "report">;
    /** The webhooks. */
    readonly webhooks: Pick<WebhookStore, "hasAny">;
    /** Delivers events. */
    readonly notifier: Notifier;
    /** Runs schedules. */
    readonly schedules: Pick<ScheduleWork, "crowd" | "duty">;
    /** The duties of continuous export. */
    readonly continuousDuties: readonly Duty[];
  };

/** How many subjects of alerts are read at the same time from a database file. */
const FILE_LANES = 2;

/** Starts the worker of this process. */
export function startWork(deps: WorkDeps): Promise<Worker> {
  const { accountLimits, continuous, ends, keys, notifier, retention, schedules } = deps;
  return startWorker({
    ...deps,
    concurrency: deps.workerConcurrency,
    endStage: jobEndStage,
    onEnded(jobId) {
      ends.report(jobId);
      // Without webhooks, events wait for the next look, which takes many of them at once.
      if (deps.webhooks.hasAny()) notifier.poke();
    },
    kinds: [...jobKinds({ ...deps, isExporting: continuous.isOn }), notifier.kind],
    runningMax: (account) =>
      accountJobsRunning(account, accountLimits, (keyId) => keys.limitsOf(keyId)),
    crowds: [schedules.crowd],
    moreDuties: [
      schedules.duty,
      ...deps.continuousDuties,
      alertDuty({
        ...deps,
        maxChecks: maxChecks(deps.isExclusive),
        // A file answers one call after the other, and requests would wait behind more of them.
        lanes: deps.isExclusive ? FILE_LANES : undefined,
        onEvents: notifier.poke,
      }),
      ...notifier.duties,
      auditRetentionDuty({ ...deps, ...retention }),
      retentionDuty({
        ...deps,
        gate: createExpiryGate({ ...deps, changes: createChangedDevices(deps) }),
      }),
    ],
  });
}
