/**
 * Requests and answers about the uptime of one store. The OpenAPI document and the types of the answers
 * come from these schemas.
 *
 * @module
 */

import { z } from "zod";
import {
  MAX_HOLD_HOURS,
  REPORT_HOURS_MAX_DAYS,
  REPORT_MAX_DAYS,
  STORE_SPANS_MAX,
} from "../../data/limits.ts";
import { REPORT_BUCKETS } from "../../data/stores/report_range.ts";
import { rangeStartMs } from "../../data/time/range_text.ts";
import { isTimeZone } from "../../data/time/zone.ts";
import { rangeTimeMeta, rangeTimeRule } from "../openapi/range_time.ts";
import { count, instant } from "../openapi/schema_parts.ts";
import { EXAMPLE_STORE_ID, weeklyHours } from "./schemas.ts";

const daysRule = `days must be a whole number of 1 to ${REPORT_MAX_DAYS}`;
const holdRule = `max_hold_hours must be a number above 0 and at most ${MAX_HOLD_HOURS}`;
const bucketRule = `bucket must be ${REPORT_BUCKETS.join(" or ")}`;

const daysText = z.string().regex(/^\d{1,3}$/, daysRule)
  .refine((text) => Number(text) >= 1 && Number(text) <= REPORT_MAX_DAYS, daysRule)
  .meta({
    description: `The last so many days, today included: 1 to ${REPORT_MAX_DAYS}; 90 by ` +
      "default. Or send `from` and `to`.",
  });

const holdText = z.string().regex(/^\d{1,4}(\.\d{1,6})?$/, holdRule)
  .refine((text) => Number(text) > 0 && Number(text) <= MAX_HOLD_HOURS, holdRule)
  .meta({
    description: "How long a poll's status is valid before and after the poll, in hours. Time " +
      "further away is unknown. By default the status is valid until the next poll, as in reports.",
  });

function rangeTime(name: string, description: string, example: string) {
  return z.string().refine((text) => rangeStartMs(text) !== null, rangeTimeRule(name))
    .meta(rangeTimeMeta(description, example));
}

/** The query of `GET /stores/{store_id}/uptime`. */
export const uptimeQuery = z.strictObject({
  days: daysText.optional(),
  from: rangeTime("from", "The start: a time, or a day of the store's clock.", "2023-01-24")
    .optional(),
  to: rangeTime("to", "The end, exclusive; a day means its end.", "2023-01-25").optional(),
  bucket: z.enum(REPORT_BUCKETS, bucketRule).default("day").meta({
    description: `The parts: \`day\`, or \`hour\` for at most ${REPORT_HOURS_MAX_DAYS} days.`,
  }),
  max_hold_hours: holdText.optional(),
});

/** The query of `GET /stores/{store_id}/uptime/{date}`. */
export const uptimeDayQuery = uptimeQuery.pick({ max_hold_hours: true });

const seconds = (description: string, example: number) =>
  z.number().min(0).meta({ description, examples: [example] });

const openState = z.enum(["up", "down", "unknown", "closed"]).meta({
  id: "OpenState",
  description: "`closed`: there was no open time. `down`: it was down for some of it. `up`: it " +
    "was up, for all that is known. `unknown`: nothing is known.",
  examples: ["down"],
});

const times = {
  open_seconds: seconds("Open time: up, down and unknown together.", 43_200),
  up_seconds: seconds("Open time in which it was up.", 39_600),
  down_seconds: seconds("Open time in which it was down.", 3_600),
  unknown_seconds: seconds("Open time too far from any poll.", 0),
  uptime_percent: z.number().min(0).max(100).nullable().meta({
    description: "The share of up in up and down; null if neither is known.",
    examples: [91.67],
  }),
};

const zone = z.string().meta({
  description: "The time zone of its hours and days.",
  examples: ["America/New_York"],
});
const storeId = z.string().meta({
  description: "The store's id.",
  examples: [EXAMPLE_STORE_ID],
});
const hold = z.number().nullable().meta({
  description: "How long a poll is valid, in hours; null until the next poll.",
  examples: [null],
});

const part = z.strictObject({
  date: z.string().regex(/^\d{4}-\d\d-\d\d$/)
    .meta({ description: "The day on the store's clock.", examples: ["2023-01-25"] }),
  from: instant("The start.", "2023-01-25T05:00:00Z"),
  to: instant("The end.", "2023-01-26T05:00:00Z"),
  state: openState,
  ...times,
}).meta({ id: "UptimePart", description: "The uptime of a day or an hour." });

/** The uptime of a store. */
export const storeUptime = z.strictObject({
  store_id: storeId,
  timezone: zone,
  from: instant("The start of what was measured; null if it is to come.", "2023-01-24T05:00:00Z")
    .nullable(),
  to: instant("The end of what was measured; null if it is to come.", "2023-01-26T05:00:00Z")
    .nullable(),
  bucket: z.enum(REPORT_BUCKETS).meta({ description: "The parts.", examples: ["day"] }),
  max_hold_hours: hold,
  state: openState,
  ...times,
  parts: z.array(part).meta({ description: "The parts, in the order of time." }),
}).meta({ id: "StoreUptime", description: "The uptime of a store within its business hours." });

const span = z.strictObject({
  from: instant("The start.", "2023-01-25T14:00:00Z"),
  to: instant("The end.", "2023-01-25T22:00:00Z"),
}).meta({ id: "OpenSpan", description: "A time in which the store was open." });

const stretch = z.strictObject({
  from: instant("The start.", "2023-01-25T14:00:00Z"),
  to: instant("The end.", "2023-01-25T15:00:00Z"),
  state: z.enum(["up", "down", "unknown"]).meta({
    id: "StretchState",
    description: "What the polls say: `up`, `down`, or `unknown` if none is near enough.",
    examples: ["up"],
  }),
  polls: count("How many polls say so; 0 if it is unknown.", 1),
  first_poll: instant(
    "The first of them, which may be before the start; or null.",
    "2023-01-25T12:09:39.388Z",
  )
    .nullable(),
  last_poll: instant("The last of them, or null.", "2023-01-25T12:09:39.388Z").nullable(),
}).meta({ id: "UptimeStretch", description: "Open time with one state, and the polls behind it." });

/** A day of a store, explained. */
export const storeDay = z.strictObject({
  store_id: storeId,
  timezone: zone,
  ...part.shape,
  max_hold_hours: hold,
  open: z.array(span).meta({ description: "When the store was open." }),
  stretches: z.array(stretch).meta({ description: "The open time by state." }),
}).meta({ id: "StoreDay", description: "A day of a store, and why its uptime is what it is." });

const zoneRule = "timezone_str must be null, an IANA time zone or an offset such as +01:00";
const clockRule = (name: string) => `${name} must be a time of day such as 09:00:00 or 9:00`;
const dayRule = "day_of_week must be a whole number of 0 (Monday) to 6 (Sunday)";
const hoursRule = `hours must be null or a list of at most ${STORE_SPANS_MAX} spans`;

const hoursInput = z.strictObject({
  day_of_week: z.int(dayRule).min(0, dayRule).max(6, dayRule)
    .meta({ description: "0 is Monday, 6 is Sunday.", examples: [0] }),
  start_time_local: z.string(clockRule("start_time_local"))
    .meta({ description: "Opening time in the store's time zone.", examples: ["09:00"] }),
  end_time_local: z.string(clockRule("end_time_local")).meta({
    description: "Closing time: on the next day if it is before the start. `24:00` is the end of " +
      "the day, and `00:00` to `00:00` the whole day.",
    examples: ["17:00"],
  }),
}, "A span must be a JSON object")
  .meta({ id: "NewStoreHours", description: "A span of business hours on a day of the week." });

/** The body of `PUT /stores/{store_id}`. */
export const storeChange = z.strictObject({
  timezone_str: z.string(zoneRule).refine(isTimeZone, zoneRule).nullable().meta({
    description: "The store's time zone. Null removes it: then `America/Chicago` is used.",
    examples: ["America/New_York"],
  }),
  hours: z.array(hoursInput, hoursRule).max(STORE_SPANS_MAX, hoursRule).nullable().meta({
    description: "When the store is open, all spans of the week. An empty list is never; null " +
      "removes the hours: then the store counts as always open.",
    examples: [[{ day_of_week: 0, start_time_local: "09:00", end_time_local: "17:00" }]],
  }),
}, "The body must be a JSON object").partial().meta({
  description: "What changes of a store. What you leave out stays as it is.",
});

/** The body of `POST /stores/{store_id}/uptime/preview`. */
export const uptimePreviewRequest = storeChange.extend({
  max_hold_hours: z.number(holdRule).gt(0, holdRule).max(MAX_HOLD_HOURS, holdRule).meta({
    description: "How long a poll's status is valid, as in `GET /stores/{store_id}/uptime`.",
    examples: [24],
  }).optional(),
}).meta({ description: "The change to try." });

/** What a change of hours would have made of the last week. */
export const uptimePreview = z.strictObject({
  before: storeUptime.meta({ description: "The seven days before today, as they are." }),
  after: storeUptime.meta({ description: "The same days with the change." }),
  hours: z.array(weeklyHours).nullable().meta({
    description: "The hours with the change, as they would be stored; null counts as always open.",
  }),
}).meta({ description: "The last week with and without a change." });

/** A query for the uptime of a store. */
export type UptimeQuery = z.infer<typeof uptimeQuery>;
/** The uptime of a store. */
export type StoreUptimeBody = z.infer<typeof storeUptime>;
/** The uptime of a part. */
export type UptimePartBody = z.infer<typeof part>;
/** A day of a store, explained. */
export type StoreDayBody = z.infer<typeof storeDay>;
/** What changes of a store. */
export type StoreChangeBody = z.infer<typeof storeChange>;
/** What a change would have made of the last week. */
export type UptimePreviewBody = z.infer<typeof uptimePreview>;
