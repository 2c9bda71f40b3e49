/**
 * The answer of `GET /api/overview`: the schema for the OpenAPI document, and the type by which the
 * route and the page Home build it.
 *
 * @module
 */

import { z } from "zod";
import { count, instant } from "../openapi/schema_parts.ts";

/** How many things of each kind are named: the worst ones. */
export const NAMED_MAX = 8;

const instantOrNull = (description: string, example: string) =>
  instant(description, example).nullable();
const isComplete = z.boolean().meta({
  description: "False if there are so many that only the first 20,000 in the order of ids were " +
    "counted.",
});
const named = <T extends z.ZodType>(one: T, description: string) =>
  z.array(one).max(NAMED_MAX).meta({ description: `${description}, at most ${NAMED_MAX}.` });
const id = (example: string) =>
  z.string().min(1).meta({ description: "Its id.", examples: [example] });

/** Devices now. */
const devices = z.strictObject({
  total: count("Devices.", 40),
  offline: count("Devices that are offline.", 1),
  is_complete: isComplete,
  newest: named(
    z.strictObject({
      device_id: id("battery-7"),
      location: z.string().nullable().meta({ description: "Where it is.", examples: ["Cellar"] }),
      since: instant("When it went offline.", "2024-02-01T07:30:00Z"),
      last_seen: instantOrNull("When something was last received from it.", "2024-02-01T07:20:00Z"),
    }),
    "Devices that are offline, those first that went offline last",
  ),
  latest: z.strictObject({
    device_id: id("battery-8"),
    created_at: instant("When it first sent something, or was set up.", "2024-02-01T07:00:00Z"),
  }).nullable().meta({ description: "The device that came last; null if there is none." }),
}).meta({ description: "Devices; null without the scope `read`." });

/** Stores now. */
const stores = z.strictObject({
  total: count("Stores.", 12),
  open: count("Stores within their business hours now.", 9),
  down: count("Stores whose last poll was inactive, within their hours.", 1),
  unknown: count("Stores within their hours whose last poll is older than a day.", 0),
  is_complete: isComplete,
  down_now: named(
    z.strictObject({
      store_id: id("store-3"),
      since: instant("The first inactive poll since the last active one.", "2024-02-01T07:30:00Z"),
      last_poll: instant("The last poll.", "2024-02-01T07:55:00Z"),
      timezone_str: z.string().nullable().meta({
        description: "Its time zone; null if none was uploaded.",
        examples: ["Europe/Berlin"],
      }),
    }),
    "Stores that are down within their hours",
  ),
}).meta({ description: "Stores; null without the scope `read`." });

/** Meters now. */
const meters = z.strictObject({
  total: count("Meters with readings.", 80),
  late: count("Meters whose last reading is older than 26 hours, but no older than 31 days.", 2),
  ended: count("Meters whose last reading is older than 31 days: their data count as complete.", 1),
  is_complete: isComplete,
  latest: named(
    z.strictObject({
      smart_meter_id: id("123"),
      label: z.string().nullable().meta({ description: "What users call it.", examples: ["Main"] }),
      last_reading: instant("Its last reading.", "2024-01-30T07:45:00Z"),
    }),
    "Meters whose data are late, those first that are late for the shortest time",
  ),
}).meta({ description: "Meters; null without the scope `read`." });

/** Jobs now. */
const jobs = z.strictObject({
  pending: count("Jobs that wait.", 0),
  running: count("Jobs that run.", 1),
  failed: count("Jobs that failed in the last 24 hours.", 0),
  is_complete: isComplete,
  newest: named(
    z.strictObject({
      id: id("4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a"),
      kind: z.enum(["export", "report", "deletion"]).meta({ description: "What it makes." }),
      status: z.enum(["pending", "running", "failed"]).meta({ description: "Its state." }),
      percent: z.number().min(0).max(100).meta({ description: "How far it is.", examples: [40] }),
      created_at: instant("When somebody asked for it.", "2024-02-01T07:59:00Z"),
      error: z.string().nullable().meta({ description: "Why it failed; null if it did not." }),
    }),
    "Jobs that run, wait or failed, the newest first",
  ),
}).meta({
  description: "Your jobs, or with the scope `manage` those of everyone; null without the scope " +
    "`export`.",
});

/** Continuous exports now. */
const continuous = z.strictObject({
  is_on: z.boolean().meta({ description: "Whether this service exports continuously." }),
  total: count("Devices with a continuous export.", 40),
  failing: count("Exports that keep failing.", 0),
  lagging: count("Exports that are more than 5 minutes behind, failing ones included.", 1),
  is_complete: isComplete,
  worst: named(
    z.strictObject({
      device_id: id("battery-7"),
      lag_seconds: z.number().min(0).meta({ description: "How far behind.", examples: [900] }),
      error: z.string().nullable().meta({ description: "Why it fails; null if it does not." }),
    }),
    "Exports that fail or lag, those first that lag most",
  ),
}).meta({
  description: "Continuous exports; null without the scope `read`, and if there are none.",
});

/** Alerts now. */
const alerts = z.strictObject({
  firing: count("Subjects of alerts that fire.", 1),
  muted: count("Subjects that would fire, but for maintenance.", 0),
  is_complete: z.boolean().meta({ description: "False if there are more than 1,000." }),
  newest: named(
    z.strictObject({
      alert_id: id("battery-hot"),
      name: z.string().nullable().meta({
        description: "The name of the alert.",
        examples: ["Hot"],
      }),
      severity: z.string().meta({ description: "Its severity.", examples: ["warning"] }),
      on: z.string().meta({ description: "What it watches.", examples: ["devices"] }),
      id: id("battery-7"),
      since: instantOrNull("Since when it fires.", "2024-02-01T07:30:00Z"),
    }),
    "What fires, the newest first",
  ),
}).meta({ description: "Alerts; null without the scope `read`." });

/** The disk of the files. */
const disk = z.strictObject({
  free_bytes: count("Bytes that are left for this service.", 64_000_000_000),
  total_bytes: count("Bytes of the disk.", 256_000_000_000),
}).meta({
  description:
    "The disk of the database or else of the files; null if neither is on a disk of this " +
    "machine, or the service may not look.",
});

/** The room for files in the database. */
const fileRoom = z.strictObject({
  free_bytes: count("Bytes that files of jobs may still take up.", 900_000_000),
  total_bytes: count("Bytes that they may take up together.", 1_073_741_824),
}).meta({
  description: "The room for files in the database (`KV_FILES_MAX_BYTES`); null if `FILE_STORE` " +
    "is a folder or a bucket.",
});

/** What is wrong, if anything is. */
export const overviewSchema = z.strictObject({
  as_of: instant("When this was found out, a few seconds ago at most.", "2024-02-01T08:00:00Z"),
  devices: devices.nullable(),
  stores: stores.nullable(),
  meters: meters.nullable(),
  jobs: jobs.nullable(),
  continuous_exports: continuous.nullable(),
  alerts: alerts.nullable(),
  disk: disk.nullable(),
  file_room: fileRoom.nullable(),
}).meta({
  description: "What needs somebody's attention now, as far as your key may see it.",
});

/** What is wrong, if anything is. */
export type Overview = z.infer<typeof overviewSchema>;
