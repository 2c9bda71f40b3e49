/**
 * The floors: which folder may import which. `docs/architecture.md` shows the same.
 *
 * @module
 */

/**
 * The rooms of each part, lowest floor first. A room may import itself, rooms on lower floors of its
 * part, and lower parts. A name that is not a folder is a file next to the folders.
 */
export const FLOORS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  data: [
    ["tracing"],
    [
      "app_error",
      "data_places",
      "environment",
      "heap_limit",
      "limits",
      "metrics",
      "object_note",
      "platform",
      "request_context",
      "upkeep",
    ],
    ["audit", "log", "quoted"],
    ["files", "readings", "unpack"],
    ["s3", "text", "time"],
    ["access", "encoders"],
    ["charts", "events", "exports"],
    ["continuous", "imports", "open_file_store"],
    ["devices", "influx", "line_protocol", "meter_files", "notify", "stores"],
    ["alerts", "inspect", "schedules"],
    [
      "access_settings",
      "continuous_settings",
      "limit_settings",
      "public_settings",
      "retention_settings",
      "s3_settings",
      "webhook_settings",
      "work_settings",
    ],
    ["delivery_settings"],
    ["settings"],
    ["permissions"],
    ["task_permissions"],
  ],
  kv: [
    ["wrapped_kv"],
    [
      "activity",
      "answer_watch",
      "budget",
      "demo_data",
      "entry_encoding",
      "file_lock",
      "get_by_keys",
      "in_turn",
      "list_by_ids",
      "prompt_answers",
      "reach",
      "together",
    ],
    ["connections", "database_file", "shared_commits", "shared_gets"],
    [
      "audit",
      "continuous",
      "events",
      "files",
      "jobs",
      "journal",
      "profiles",
      "remote_kv",
      "set_aside",
      "touched",
    ],
    ["series"],
    ["ingest_log"],
    ["access", "devices", "meters", "stores"],
    ["alerts", "notify", "schedules", "webhooks"],
    ["opened_kv"],
    ["backup"],
    ["verify"],
  ],
  jobs: [
    ["engine"],
    ["notify"],
    ["continuous", "deletions", "exports", "imports", "stores", "upkeep"],
    ["targets"],
    ["alerts", "schedules"],
    ["end_events", "kinds", "thread_worker", "threads", "worker"],
    ["work"],
  ],
  routes: [
    ["http"],
    ["openapi"],
    ["access"],
    ["imports", "jobs", "notify", "readings"],
    [
      "alerts",
      "audit",
      "continuous",
      "devices",
      "docs",
      "exports",
      "line_protocol",
      "meters",
      "metrics",
      "profiles",
      "service",
      "stores",
      "webhooks",
    ],
    ["charts", "deletions", "schedules"],
    ["overview"],
    ["pages"],
    ["api_document", "app_frame"],
    ["app"],
  ],
};

/** The parts, lowest first. Each may import itself and those before it. */
export const PARTS: readonly string[] = ["data", "kv", "jobs", "routes"];

/** The room of a file in a part: its folder, or its own name if it is in none. */
export function roomOf(path: string): string {
  return path.split("/")[1].replace(/\.tsx?$/, "");
}

/** The floor of a room; -1 if the table does not have the room. */
export function floorOf(part: string, room: string): number {
  return FLOORS[part].findIndex((floor) => floor.includes(room));
}
