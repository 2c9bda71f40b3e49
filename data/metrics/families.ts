/**
 * Every metric that the service has, with its unit in its name, as Prometheus has it.
 *
 * The labels have few values: templates of routes, kinds of jobs, states. Ids are never labels, as each
 * would be a time series of its own.
 *
 * @module
 */

/** What all metrics of a name have in common. */
export interface Family {
  /** A count that only grows, a value of now, or how values are spread. */
  readonly type: "counter" | "gauge" | "histogram";
  /** What it says, in a sentence. */
  readonly help: string;
  /** The names of its labels. */
  readonly labels: readonly string[];
  /** The upper bounds of a histogram, ascending; absent for others. */
  readonly buckets?: readonly number[];
}

const REQUEST_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const COMMIT_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const JOB_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800];
const DELAY_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** The families by their names. */
export const FAMILIES = {
  openwatts_build_info: {
    type: "gauge",
    help: "Always 1; the release and the runtime are its labels.",
    labels: ["version", "deno"],
  },
  openwatts_http_requests_total: {
    type: "counter",
    help: "Requests that were answered.",
    labels: ["method", "route", "status"],
  },
  openwatts_http_request_duration_seconds: {
    type: "histogram",
    help: "Time from a request to the head of its answer; bodies of answers may go on.",
    labels: ["method", "route"],
    buckets: REQUEST_BUCKETS,
  },
  openwatts_http_requests_running: {
    type: "gauge",
    help: "Requests that are being answered.",
    labels: [],
  },
  openwatts_jobs_created_total: {
    type: "counter",
    help: "Jobs that this process created.",
    labels: ["kind"],
  },
  openwatts_jobs_ended_total: {
    type: "counter",
    help: "Jobs that ended in this process, by how they ended.",
    labels: ["kind", "state"],
  },
  openwatts_jobs_running: {
    type: "gauge",
    help: "Jobs that this process runs.",
    labels: ["kind"],
  },
  openwatts_jobs_waiting: {
    type: "gauge",
    help: "Jobs in the database that could run now, but wait for a place.",
    labels: ["lane"],
  },
  openwatts_job_oldest_wait_seconds: {
    type: "gauge",
    help: "How long the oldest of the waiting jobs has waited; 0 if none waits.",
    labels: ["lane"],
  },
  openwatts_job_queue_wait_seconds: {
    type: "histogram",
    help: "Time from the creation of a job to its first start.",
    labels: ["kind"],
    buckets: JOB_BUCKETS,
  },
  openwatts_job_attempts_total: {
    type: "counter",
    help: "Attempts at jobs that ended in this process, by their outcome.",
    labels: ["kind", "outcome"],
  },
  openwatts_job_attempt_duration_seconds: {
    type: "histogram",
    help: "How long attempts at jobs took.",
    labels: ["kind"],
    buckets: JOB_BUCKETS,
  },
  openwatts_job_lease_losses_total: {
    type: "counter",
    help: "Attempts of this process that ended because another process had taken the job over.",
    labels: ["kind"],
  },
  openwatts_jobs_abandoned_total: {
    type: "counter",
    help: "Running jobs that this process made pending again, as their process had died or hung.",
    labels: ["kind"],
  },
  openwatts_readings_in_total: {
    type: "counter",
    help:
      "Readings that were stored: live ones of devices, or imported ones that changed something.",
    labels: ["way"],
  },
  openwatts_readings_out_total: {
    type: "counter",
    help: "Readings that were read for exports, reports, answers and pages.",
    labels: [],
  },
  openwatts_ingest_commit_duration_seconds: {
    type: "histogram",
    help: "How long commits of live readings took; each stores those of many requests.",
    labels: [],
    buckets: COMMIT_BUCKETS,
  },
  openwatts_ingest_commit_failures_total: {
    type: "counter",
    help: "Commits of live readings that failed; their requests were answered with an error.",
    labels: [],
  },
  openwatts_segments_waiting: {
    type: "gauge",
    help: "Segments of live readings that are not folded into blocks yet, about.",
    labels: [],
  },
  openwatts_series_unfolded: {
    type: "gauge",
    help: "Series that have such segments.",
    labels: [],
  },
  openwatts_journal_bytes: {
    type: "gauge",
    help: "Bytes of the journal in front of the database file.",
    labels: [],
  },
  openwatts_kv_bytes: {
    type: "gauge",
    help: "Bytes of the database file and its write-ahead log.",
    labels: [],
  },
  openwatts_damaged_days: {
    type: "gauge",
    help: "Days of series whose stored readings are damaged, as far as this process has read them.",
    labels: [],
  },
  openwatts_file_bytes: {
    type: "gauge",
    help: "Bytes of the files of exports and reports that are kept.",
    labels: [],
  },
  openwatts_disk_free_bytes: {
    type: "gauge",
    help: "Bytes that may still be written on the disk of the database, or else of the files.",
    labels: [],
  },
  openwatts_database_up: {
    type: "gauge",
    help: "1 if the database answered when the stored figures were last read, else 0.",
    labels: [],
  },
  openwatts_continuous_export_lag_seconds: {
    type: "gauge",
    help: "How far the device that is furthest behind is behind now.",
    labels: [],
  },
  openwatts_continuous_export_devices: {
    type: "gauge",
    help: "Devices of continuous export, by whether their last export worked.",
    labels: ["state"],
  },
  openwatts_delivery_attempts_total: {
    type: "counter",
    help: "Attempts to deliver a message or file, by channel and outcome.",
    labels: ["channel", "outcome"],
  },
  openwatts_deliveries_ended_total: {
    type: "counter",
    help: "Deliveries that ended: delivered, or failed after the last attempt.",
    labels: ["channel", "state"],
  },
  openwatts_log_records_total: {
    type: "counter",
    help: "Log records by level, also those below LOG_LEVEL.",
    labels: ["level"],
  },
  openwatts_event_loop_delay_seconds: {
    type: "histogram",
    help: "How late timers fire, measured twice a second.",
    labels: [],
    buckets: DELAY_BUCKETS,
  },
  openwatts_heap_used_bytes: {
    type: "gauge",
    help: "Bytes of the heap of V8 that are in use.",
    labels: [],
  },
  openwatts_heap_total_bytes: {
    type: "gauge",
    help: "Bytes of the heap of V8.",
    labels: [],
  },
  openwatts_external_memory_bytes: {
    type: "gauge",
    help: "Bytes outside the heap that objects of V8 hold, such as buffers.",
    labels: [],
  },
  process_resident_memory_bytes: {
    type: "gauge",
    help: "Memory of the process that is resident.",
    labels: [],
  },
  process_cpu_seconds_total: {
    type: "counter",
    help: "Time that all threads of the process have used, user and system.",
    labels: [],
  },
  process_start_time_seconds: {
    type: "gauge",
    help: "When the process started, seconds since 1970.",
    labels: [],
  },
} as const satisfies Record<string, Family>;

/** The name of a family. */
export type FamilyName = keyof typeof FAMILIES;

/** The names of the families of a type. */
export type NameOf<Type extends Family["type"]> = {
  [Name in FamilyName]: (typeof FAMILIES)[Name]["type"] extends Type ? Name : never;
}[FamilyName];

/** The values of the labels of a family, in the order of their names. */
export type LabelValues<Name extends FamilyName> = ValuesOf<(typeof FAMILIES)[Name]["labels"]>;

type ValuesOf<Names extends readonly string[]> = { readonly [Index in keyof Names]: string };
