/**
 * OpenWatts: stores energy and device telemetry, and exports it as files.
 *
 * @module
 */

import config from "./deno.json" with { type: "json" };
import { parseKey } from "./data/access/key_text.ts";
import { deliveryAbilities } from "./data/delivery_settings.ts";
import { diskPath, diskSpace } from "./data/files/disk_space.ts";
import { guardedFetch } from "./data/notify/guarded_fetch.ts";
import { webhookChannel } from "./data/notify/webhook_channel.ts";
import { openFileStore } from "./data/open_file_store.ts";
import { DEPLOY_WAIT_MS } from "./data/platform.ts";
import { createLog, type Log } from "./data/log.ts";
import { createRecorder } from "./data/metrics/recorder.ts";
import { readSettings, SETTING_NAMES, type Settings } from "./data/settings.ts";
import { startTracing } from "./data/tracing.ts";
import type { Upkeep } from "./data/upkeep.ts";
import { readEnvironment } from "./data/environment.ts";
import { createExportPreviewer } from "./jobs/exports/preview.ts";
import { jobEndStage } from "./jobs/end_events.ts";
import { startDemoData } from "./jobs/exports/demo_data.ts";
import { createJobEnds } from "./jobs/engine/job_ends.ts";
import { createJobWatches } from "./jobs/engine/job_watches.ts";
import { createJobs } from "./jobs/engine/jobs.ts";
import { openContinuousExport } from "./jobs/continuous/continuous_export.ts";
import { createAlertTester } from "./jobs/alerts/alert_tester.ts";
import { createNotifier } from "./jobs/notify/notifier.ts";
import { scheduleWork } from "./jobs/schedules/schedule_work.ts";
import { SWEEP } from "./jobs/engine/sweep.ts";
import { createFindSources } from "./jobs/targets/job_sources.ts";
import { openChannels } from "./jobs/targets/open_channels.ts";
import { startStoreData } from "./jobs/stores/data_folder.ts";
import { openThreads } from "./jobs/threads.ts";
import { startWork } from "./jobs/work.ts";
import type { Worker } from "./jobs/worker.ts";
import { createAudit } from "./kv/audit/audit.ts";
import { maxChecks } from "./kv/budget.ts";
import { getDeviceAccount } from "./kv/devices/devices.ts";
import { openKvFileStore } from "./kv/files/kv_file_store.ts";
import { createDeviceIntake } from "./kv/devices/intake.ts";
import { createDamageRecord } from "./kv/series/damage_record.ts";
import { createIngest } from "./kv/series/ingest.ts";
import { openKeys } from "./kv/access/keys.ts";
import { startKeys } from "./kv/access/start_keys.ts";
import { openKv } from "./kv/opened_kv.ts";
import { openProfiles } from "./kv/profiles/profiles.ts";
import { createReadingQuotas } from "./kv/series/quotas.ts";
import { reportingStore } from "./kv/series/reporting_store.ts";
import { createSeriesStore } from "./kv/series/store.ts";
import { ownerFinder } from "./routes/access/find_owner.ts";
import { createWebhookStore } from "./kv/webhooks/webhooks.ts";
import { openAccess } from "./routes/access/open_access.ts";
import { createApp } from "./routes/app.ts";
import { greeting } from "./routes/service/greeting.ts";
import { print, stopRequested } from "./routes/service/this_process.ts";
import { readyChecks } from "./routes/service/ready_checks.ts";
import { countedLog, openMetrics } from "./routes/metrics/open_metrics.ts";
import { readPackageFile } from "./routes/docs/package_files.ts";
import { limitWaiting } from "./routes/http/answer_limit.ts";
import { listen, type Listening } from "./routes/http/listen.ts";

/** A stop that hangs is forced so long after the time that requests and jobs have, milliseconds. */
const FORCED_STOP_AFTER_MS = 4_000;
/** How long the cron of Deno Deploy works at most, milliseconds: the next one begins after a minute. */
const CRON_MS = 50_000;
/** A start that is to stop may take so long to complete first, milliseconds. */
const STOPPED_START_MS = 2_000;

/** A running service. Disposing of it stops it; nothing that was accepted is lost. */
export interface Service extends AsyncDisposable {
  /** Its address, `http://HOST:PORT`; null for a worker, which does not listen. */
  readonly url: string | null;
  /** How many readings this start added to the demo meter; null without a demo meter. */
  readonly demoReadings: number | null;
  /** Does the work that is due, for `timeoutMs` at most. A process that runs no jobs has none. */
  settle(timeoutMs: number): Promise<void>;
}

/** What a service needs besides its settings. */
export interface Surroundings {
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
  /** When what live ingest wrote is folded and flushed; `UPKEEP` of `data/upkeep.ts` by default. */
  readonly upkeep?: Upkeep;
  /** Shows something to who started the service, such as a first key; prints it by default. */
  readonly show?: (text: string) => void;
  /** How long `/ready` gives a result to others who ask, milliseconds; 2,000 by default. */
  readonly readyKeptMs?: number;
}

/**
 * Starts a service: opens the database and the files, connects all parts, listens.
 *
 * @throws {Error} if another process has the database open, the database is of a newer release, the
 * folder cannot be created, or the port is in use. Nothing stays open then.
 */
export async function start(
  settings: Settings,
  { now, upkeep, show = print, readyKeptMs, ...surroundings }: Surroundings,
): Promise<Service> {
  await using stack = new AsyncDisposableStack();
  const startedMs = now();
  const record = createRecorder();
  const log = countedLog(surroundings.log, record);
  const onAway = (error: unknown) => log("warn", "database not reached", { error });
  const opened = stack.use(await openKv(settings.kvPath, upkeep, onAway));
  const { kv } = opened;
  const files = await openFileStore(
    settings.fileStore,
    settings.s3,
    () => openKvFileStore({ ...opened, newId, maxBytes: settings.kvFilesMaxBytes }),
  );
  const profiles = stack.use(
    await openProfiles({
      ...opened,
      onFault: (error) => log("warn", "profiles not read", { error }),
    }),
  );
  const owner = newId();
  const audit = createAudit({ kv, owner, now, log });
  // Stops after the requests and jobs have ended.
  stack.defer(() => audit.stop());
  const damage = createDamageRecord({ log, record });
  const storing = { ...opened, now, profiles, maxChecks: maxChecks(opened.isExclusive) };
  const stored = createSeriesStore({
    ...storing,
    accountOf: (ref) => getDeviceAccount(kv, ref),
    onDamage: damage.report,
    record,
  });
  const series = reportingStore(stored, damage);
  const keys = stack.use(
    await openKeys({
      ...opened,
      now,
      onFault: (error) => log("warn", "keys unavailable", { error }),
    }),
  );
  const demoReadings = await startDemoData({ ...opened, series, now }, settings.demoData);
  const ends = createJobEnds({ kv, log });
  const watches = createJobWatches({ kv, log });
  const heavy = stack.use(openThreads({ ...settings, log }));
  const parts = { ...opened, ...heavy, series, profiles, files, now, log, owner, record, upkeep };
  const continuous = await openContinuousExport({ ...parts, ...settings });
  const ingest = createIngest({ ...parts, writer: owner, room: opened.ingestRoom });
  // Stops after the requests have ended, so that everything they passed to it is committed.
  stack.defer(() => ingest.stop());
  if (settings.access.hasKeys && settings.role !== "worker") {
    const adminKey = parseKey(settings.access.adminKey ?? "");
    const shown = (text: string) => show(`Admin key, shown only now, so keep it: ${text}`);
    await startKeys({ ...opened, keys, audit, now, adminKey, show: shown });
  }
  const access = stack.use(openAccess(settings.access, { kv, keys, now, log }));
  const { findMaker } = access;
  const findOwner = ownerFinder(access);
  const { rateLimit: limit, offlineAfterMs, acceptedTimes } = settings;
  const devices = { limit, offlineAfterMs, acceptedTimes, series, profiles, now };
  const intake = createDeviceIntake({ ...opened, ...devices, owner, ingest });
  let worker: Worker | null = null;
  const webhooks = createWebhookStore({ kv, findMaker, now, log });
  const { allowPrivate } = settings.webhooks;
  const sending = { request: guardedFetch, allowPrivate, version: config.version };
  const { publicUrl } = settings.access;
  // Stops after the jobs that deliver.
  const outgoing = stack.use(openChannels({ ...parts, ...settings, publicUrl }));
  const notifier = createNotifier({
    ...parts,
    webhooks,
    hasWebhooks: settings.webhooks.isOn,
    findMaker,
    findSources: createFindSources(kv),
    channels: [
      ...outgoing.channels,
      webhookChannel({ ...sending, findWebhook: webhooks.get, linkTo: outgoing.linkTo }),
    ],
    audit,
    random: Math.random,
    newId,
    pokeDeliveries: () => worker?.poke("delivery"),
  });
  const jobs = createJobs({
    ...parts,
    ...settings,
    ends,
    watches,
    endStage: jobEndStage,
    maxWaitMs: settings.isDeploy ? DEPLOY_WAIT_MS : Infinity,
    newId,
    poke: () => worker?.poke(),
    onCancelled: (jobId) => worker?.cancel(jobId),
  });
  const schedules = scheduleWork({ findMaker, getKey: keys.get, kv, jobs, now, log });
  worker = settings.role === "api" ? null : await startWork({
    ...parts,
    ...settings,
    audit,
    continuousDuties: continuous.duties,
    ends,
    findOwner,
    invalidateDevice: intake.invalidate,
    keys,
    notifier,
    schedules,
    startedMs,
    version: config.version,
    webhooks,
  });
  const { storeDataDir: folder, role } = settings;
  const storeData = folder === null || role === "api"
    ? null
    : startStoreData({ folder, kv, series, acceptedTimes, now, log });
  const metrics = stack.use(openMetrics({
    ...parts,
    ...settings,
    version: config.version,
    startedMs,
    probe: (request, info) => app.fetch(request, info),
  }));
  let server: Listening | null = null;
  // Running requests, jobs and imports end at the same time, within the grace period.
  stack.defer(async () => {
    await Promise.all([
      ends.stop(),
      watches.stop(),
      server?.stop(),
      worker?.stop(settings.graceMs),
      storeData?.stop(),
    ]);
  });
  const app = createApp({
    ...parts,
    ...devices,
    accountLimits: settings.accountLimits,
    quotas: createReadingQuotas({ ...settings, kv, series, now }),
    version: config.version,
    authenticators: access.authenticators,
    links: { kv, now, publicUrl, findMaker },
    limits: settings.limits,
    corsOrigins: settings.corsOrigins,
    ...metrics,
    audit,
    keys,
    previewer: createExportPreviewer({ series }),
    continuous: settings.continuous,
    staleAfterMs: settings.staleAfterMs,
    webhooks,
    sending,
    hasWebhooks: settings.webhooks.isOn,
    pokeEvents: notifier.poke,
    publicStatus: settings.publicStatus,
    abilities: deliveryAbilities(settings.delivery, {
      publicUrl,
      hasWebhooks: settings.webhooks.isOn,
    }),
    alertTester: createAlertTester(parts),
    findOwner,
    newId,
    intake,
    idTags: settings.lineProtocolIdTags,
    readPackageFile,
    jobs,
    scheduler: schedules.scheduler,
    diskSpace: () => diskSpace(diskPath(settings)),
    ready: readyChecks({
      ...parts,
      damage,
      isWorking: worker === null ? null : () => worker.isRunning(),
      workerLease: SWEEP,
      settings: settings.continuous,
      destination: continuous.destination,
    }),
    readyKeptMs,
  });
  if (settings.role !== "worker") {
    const { isExclusive } = opened;
    // A file always answers.
    const answer = isExclusive ? app.fetch : limitWaiting(app.fetch, { ...settings, ...opened });
    server = listen(settings, answer);
  }
  const owned = stack.move();
  log("info", "started", { owner, role: settings.role, url: server?.url });
  return {
    url: server?.url ?? null,
    demoReadings,
    settle: async (timeoutMs) => await worker?.settle(timeoutMs),
    [Symbol.asyncDispose]: async () => {
      opened.giveUpAfter(settings.graceMs);
      await owned.disposeAsync();
      log("info", "stopped", { owner });
    },
  };
}

const newId = () => crypto.randomUUID();

/** Ends the cron below, which only Deno Deploy needs. */
const cron = new AbortController();
/** The service of this process, for the cron. */
const onDeploy = Promise.withResolvers<Service>();

// An instance runs only while requests come. So Deno Deploy starts one every minute for what is due:
// jobs, schedules, silent devices, alerts, deliveries, continuous export, sweeps. It finds this call when
// it evaluates the module, so it must stand here, without a condition.
Deno.cron("due work", "* * * * *", { signal: cron.signal }, async () => {
  await (await onDeploy.promise).settle(CRON_MS);
});
if (!import.meta.main) cron.abort();

async function main(): Promise<number> {
  const result = readSettings(await readEnvironment(SETTING_NAMES));
  if ("problems" in result) {
    console.error(["OpenWatts cannot start:", ...result.problems].join("\n  "));
    return 1;
  }
  const log = createLog({
    level: result.settings.logLevel,
    now: Date.now,
    write: (line, level) => console[level](line),
  });
  await startTracing();
  if (!result.settings.isDeploy) cron.abort();
  const requested = stopRequested();
  let service: Service | null;
  try {
    // A start may wait for its database for long, but a stop must not.
    const stopped = requested.then(() =>
      new Promise<null>((resolve) => setTimeout(() => resolve(null), STOPPED_START_MS))
    );
    service = await Promise.race([start(result.settings, { now: Date.now, log }), stopped]);
  } catch (error) {
    console.error(`OpenWatts cannot start: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
  if (service === null) return 0;
  onDeploy.resolve(service);
  console.log(greeting(service, { ...result.settings, version: config.version }));
  await requested;
  log("info", "stopping");
  setTimeout(() => Deno.exit(1), result.settings.graceMs + FORCED_STOP_AFTER_MS);
  await service[Symbol.asyncDispose]();
  return 0;
}

if (import.meta.main) Deno.exit(await main());
