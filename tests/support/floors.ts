/**
 * The floors of the house: which folder may import which. `docs/architecture.md` shows the same.
 *
 * @module
 */

/**
 * The rooms of each part, the lowest floor first. A room imports itself, rooms on lower floors of its
 * part, and lower parts. A name without a `/` that is no folder is a file beside the folders.
 */
export const FLOORS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  data: [
    ["app_error", "limits", "log", "upkeep"],
    ["quoted"],
    ["files", "readings"],
    ["s3", "text", "time"],
    ["continuous", "imports", "open_file_store"],
    ["devices", "influx", "stores"],
    ["continuous_settings"],
    ["settings"],
  ],
  kv: [
    ["budget", "get_by_keys", "list_by_ids"],
    ["continuous", "jobs", "journal"],
    ["series"],
    ["devices", "stores"],
    ["opened_kv"],
  ],
  jobs: [
    ["engine"],
    ["continuous", "exports", "stores", "upkeep"],
    ["kinds", "worker"],
  ],
  routes: [
    ["http"],
    ["openapi"],
    ["imports", "jobs", "readings"],
    ["continuous", "devices", "docs", "exports", "meters", "service", "stores"],
    ["api_document"],
    ["app"],
  ],
};

/** The parts, the lowest first. Each imports itself and those before it. */
export const PARTS: readonly string[] = ["data", "kv", "jobs", "routes"];

/** The room of a file below a part: its folder, or its own name where it is beside the folders. */
export function roomOf(path: string): string {
  return path.split("/")[1].replace(/\.ts$/, "");
}

/** The floor of a room; -1 where the table does not have it. */
export function floorOf(part: string, room: string): number {
  return FLOORS[part].findIndex((floor) => floor.includes(room));
}
