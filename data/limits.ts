/**
 * Limits on what users send. Each is defined here once, and the error that enforces it names it.
 *
 * @module
 */

/** Milliseconds in a minute. */
export const MINUTE_MS = 60_000;
/** Milliseconds in an hour. */
export const HOUR_MS = 3_600_000;
/** Milliseconds in a UTC day. */
export const DAY_MS = 86_400_000;

/** The earliest time of a reading: 1970-01-01T00:00:00Z, epoch milliseconds. */
export const FIRST_TIME_MS = 0;
/** The end of the times of readings, exclusive: 10000-01-01T00:00:00Z, epoch milliseconds. */
export const END_OF_TIME_MS = 253_402_300_800_000;

/**
 * The id of a smart meter: 1 to 64 of `A-Z a-z 0-9 _ . : -`. In a path, `.` and `..` are not names but
 * steps. The OpenAPI document shows this pattern, and many programs (Go, Rust) have no look-ahead, so
 * the three parts are ids that begin with no dot, with one, and with two.
 */
export const METER_ID_PATTERN: RegExp =
  /^(?:[A-Za-z0-9_:-][A-Za-z0-9_.:-]{0,63}|\.[A-Za-z0-9_:-][A-Za-z0-9_.:-]{0,62}|\.\.[A-Za-z0-9_.:-]{1,62})$/;
/** {@link METER_ID_PATTERN} in words. */
export const METER_ID_RULE = "1 to 64 characters of A-Z a-z 0-9 _ . : - except . and .. alone";

/** The id of a device: as that of a meter. */
export const DEVICE_ID_PATTERN: RegExp = METER_ID_PATTERN;
/** {@link DEVICE_ID_PATTERN} in words. */
export const DEVICE_ID_RULE: string = METER_ID_RULE;

/** The id of a store: as that of a meter, but beginning with a letter or digit. */
export const STORE_ID_PATTERN: RegExp = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/;
/** {@link STORE_ID_PATTERN} in words. */
export const STORE_ID_CHARACTERS =
  "1 to 64 characters of A-Z a-z 0-9 _ . : - beginning with a letter or digit";
/** Ids that no store can have, because they are parts of paths. */
export const STORE_ID_RESERVED: readonly string[] = ["status", "hours", "timezones"];
/** The rule for ids of stores, in words. */
export const STORE_ID_RULE = `${STORE_ID_CHARACTERS}, not ${STORE_ID_RESERVED.join(" or ")}`;
/** The most spans of business hours of a store: they are one KV value, about 12 bytes per span. */
export const STORE_SPANS_MAX = 1_000;

/** The name of a profile. */
export const PROFILE_NAME_PATTERN: RegExp = /^[a-z][a-z0-9_]{0,63}$/;
/** {@link PROFILE_NAME_PATTERN} in words. */
export const PROFILE_NAME_RULE = "1 to 64 characters of a-z 0-9 _ beginning with a letter";
/** The name of a metric. It is the name of a column in files. */
export const METRIC_NAME_PATTERN: RegExp = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
/** {@link METRIC_NAME_PATTERN} in words. */
export const METRIC_NAME_RULE = "1 to 64 characters of A-Z a-z 0-9 _ beginning with a letter";
/** Names that no metric can have: other columns of files have them, or every object. */
export const METRIC_NAMES_RESERVED: readonly string[] = [
  "timestamp",
  "device_id",
  "smart_meter_id",
  "site_id",
  "device_type",
  "location",
  "hour",
  "day_of_week",
  "is_weekend",
  "count",
  "constructor",
];
/** The most metrics of a profile. */
export const PROFILE_METRICS_MAX = 64;
/** The most profiles besides the built-in ones. Every process keeps all of them in memory. */
export const PROFILES_MAX = 1_000;
/** The most profiles that one key can make which may not touch every device and meter. */
export const PROFILES_PER_KEY_MAX = 100;

/** The name of a saved preset: the form of those that are built in. */
export const IMPORT_PRESET_NAME_PATTERN: RegExp = /^[a-z0-9][a-z0-9_-]{0,63}$/;
/** {@link IMPORT_PRESET_NAME_PATTERN} in words. */
export const IMPORT_PRESET_NAME_RULE =
  "1 to 64 characters of a-z 0-9 _ - beginning with a letter or digit";
/** The longest title of a saved preset, characters. */
export const IMPORT_PRESET_TITLE_MAX = 100;
/** The most saved presets of an owner. */
export const IMPORT_PRESETS_MAX = 100;

/** The most schedules of an owner. */
export const SCHEDULES_PER_OWNER_MAX = 20_000;

/** The most keys. Every process keeps all of them in memory. */
export const KEYS_MAX = 10_000;
/** The longest name of a key, characters. */
export const KEY_NAME_MAX = 100;
/** The most patterns of a key for one kind of id. */
export const KEY_PATTERNS_MAX = 100;
/** The most networks of a key. */
export const KEY_NETWORKS_MAX = 100;
/** How long keys that were revoked or have expired stay listed: 90 days. */
export const KEY_RETENTION_MS: number = 90 * DAY_MS;
/** The longest time for which a secret that was replaced can stay valid: 30 days. */
export const KEY_GRACE_MAX_MS: number = 30 * DAY_MS;
/** How long a secret that was replaced stays valid by default: a day. */
export const KEY_GRACE_MS: number = DAY_MS;
/** The greatest limit that a key can have, of whatever it counts. */
export const KEY_LIMIT_MAX = 1_000_000_000_000_000;
/** The longest time for which readings or the audit trail can be kept, days: a century. */
export const RETENTION_MAX_DAYS = 36_500;

/** The most webhooks. Every event looks at all of them. */
export const WEBHOOKS_MAX = 1_000;
/** The most patterns of a webhook for one kind of id. */
export const WEBHOOK_PATTERNS_MAX = 100;
/** The longest name of a webhook, characters. */
export const WEBHOOK_NAME_MAX = 100;
/** How long events and the log of their deliveries are kept: 14 days. */
export const EVENT_RETENTION_MS: number = 14 * DAY_MS;
/** How many deliveries one request replays at most. */
export const REPLAY_MAX = 10_000;

/** The longest time for which a poll of a store can hold: 8,760 hours, a year. */
export const MAX_HOLD_HOURS = 8_760;
/** Greatest age of a poll from which a store can count as stale: 8,760 hours, a year. */
export const STALE_MAX_HOURS = 8_760;

/** The longest range of a report on stores: 366 days. */
export const REPORT_MAX_DAYS = 366;
/** The longest range of a report with a row for each hour: 92 days, so that every quarter fits. */
export const REPORT_HOURS_MAX_DAYS = 92;
/** How many stores a report can name. */
export const REPORT_STORES_MAX = 1_000;

/** The shortest range of an export: 1 minute. */
export const EXPORT_MIN_RANGE_MS: number = MINUTE_MS;
/** The longest range of an export: 366 days, so that every calendar year fits. */
export const EXPORT_MAX_RANGE_MS = 366 * DAY_MS;

/** The largest JSON body, bytes. */
export const JSON_BODY_MAX_BYTES = 65_536;
/** The largest record of an upload (a line or a JSON value), bytes. */
export const RECORD_MAX_BYTES = 65_536;
/** The largest body of line protocol, decompressed, bytes: what clients of InfluxDB send at most. */
export const LINES_BODY_MAX_BYTES = 50_000_000;
/** The longest line of line protocol, bytes. */
export const LINE_MAX_BYTES = 1_048_576;
/** How much of a file is inspected, bytes: 1 MiB. */
export const INSPECTED_MAX_BYTES = 1_048_576;
/** How many rejected records an import lists. It only counts the rest. */
export const REJECTS_LISTED = 100;
/** The most meters in one upload of readings. */
export const METERS_PER_UPLOAD_MAX = 10_000;
/** The most meters, devices or stores that one request deletes. */
export const DELETION_TARGETS_MAX = 500;
/** How many rejected records an import lists for each of many meters. It only counts the rest. */
export const METER_REJECTS_LISTED = 3;
/** How many ignored columns an import lists. */
export const IGNORED_LISTED = 100;
/** How much of a wrong value an error quotes, characters. */
export const QUOTED_VALUE_MAX = 100;

/** How long a signed link can be valid, seconds: seven days, as the presigned URLs of S3. */
export const LINK_MAX_SECONDS = 604_800;
/** How long a signed link is valid by default, seconds. */
export const LINK_DEFAULT_SECONDS = 3_600;

/** The most alerts. The process that judges them keeps all of them in memory. */
export const ALERTS_MAX = 1_000;
/** The most maintenance windows. */
export const MAINTENANCE_WINDOWS_MAX = 1_000;
/** The longest range of a test of an alert: 7 days. */
export const ALERT_TEST_MAX_MS: number = 7 * DAY_MS;
/** The most subjects of a test of an alert. */
export const ALERT_TEST_SUBJECTS_MAX = 500;

/** Whether a text is a valid id of a store. */
export function isStoreId(text: string): boolean {
  return STORE_ID_PATTERN.test(text) && !STORE_ID_RESERVED.includes(text);
}

/** The start of the UTC day of a time, epoch milliseconds. */
export function dayStartMs(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS;
}
