/**
 * The conditions of alerts, in requests and answers.
 *
 * @module
 */

import { z } from "zod";
import { METRIC_NAME_PATTERN, METRIC_NAME_RULE } from "../../data/limits.ts";
import { objectError, secondsRule } from "./schema_texts.ts";

/** The longest time for which a condition must hold: 31 days, seconds. */
const FOR_MAX_SECONDS = 31 * 86_400;
/** The longest silence: a year, seconds. */
const SILENCE_MAX_SECONDS = 366 * 86_400;
/** The longest time within business hours: 7 days, seconds. */
const DOWN_MAX_SECONDS = 7 * 86_400;
/** The longest time of a change: 7 days, seconds. */
const WITHIN_MAX_SECONDS = 7 * 86_400;

function seconds(name: string, description: string, least: number, most: number) {
  const rule = secondsRule(`condition.${name}`, least, most);
  return z.int(rule).min(least, rule).max(most, rule).meta({ description, examples: [600] });
}

function number(name: string, description: string, example: number) {
  const rule = `condition.${name} must be a number`;
  return z.number(rule).meta({ description, examples: [example] });
}

const metricRule = `condition.metric must be ${METRIC_NAME_RULE}`;
const metric = z.string(metricRule).regex(METRIC_NAME_PATTERN, metricRule).meta({
  description: "The name of a metric of the profile.",
  examples: ["temp_c"],
});

const forSeconds = (description: string) => seconds("for_seconds", description, 0, FOR_MAX_SECONDS);
const holdSeconds = forSeconds("For how long, in seconds; 0 is at once.");

const offline = z.strictObject({
  type: z.literal("offline"),
  for_seconds: forSeconds(
    "For how long after the device went offline, in seconds. It goes offline when nothing was " +
      "received for its `offline_after_seconds`.",
  ),
}).meta({ id: "OfflineCondition", description: "A device is offline." });

const noData = z.strictObject({
  type: z.literal("no_data"),
  for_seconds: seconds(
    "for_seconds",
    "The latest reading is older than this, in seconds. What counts is the time of the reading.",
    60,
    SILENCE_MAX_SECONDS,
  ),
}).meta({ id: "NoDataCondition", description: "There are no new readings." });

const limitFields = {
  metric,
  limit: number("limit", "The condition begins beyond this value.", 45),
};
const clearAt = number(
  "clear_at",
  "The condition ends at this value, or further away from the limit. By default at the limit.",
  40,
);

const downFields = {
  type: z.literal("down"),
  for_seconds: seconds(
    "for_seconds",
    "For how long within business hours, in seconds. The time outside them does not count.",
    0,
    DOWN_MAX_SECONDS,
  ),
};
const down = z.strictObject(downFields).meta({
  id: "DownCondition",
  description: "A store is inactive within its business hours.",
});

const byRule = "condition.by must be a number above 0";
const changeFields = {
  type: z.literal("change"),
  metric,
  by: z.number(byRule).gt(0, byRule).meta({
    description: "The condition holds if the metric changes by more than this.",
    examples: [5],
  }),
  within_seconds: seconds(
    "within_seconds",
    "Within this time, in seconds: from the oldest reading in it to the latest.",
    1,
    WITHIN_MAX_SECONDS,
  ),
};
const direction = z.enum(
  ["rise", "fall", "any"],
  "condition.direction must be rise, fall or any",
).meta({
  id: "ChangeDirection",
  description: "Which way: `rise`, `fall` or `any`, the default.",
  examples: ["rise"],
});

/** The names of conditions. */
const TYPES = "offline, no_data, above, below, change or down";

/** A condition in a request. */
export const conditionInput = z.discriminatedUnion("type", [
  offline,
  noData,
  z.strictObject({
    type: z.literal("above"),
    ...limitFields,
    clear_at: clearAt.optional(),
    for_seconds: holdSeconds.optional(),
  }).meta({ id: "NewAboveCondition", description: "A metric is above a limit." }),
  z.strictObject({
    type: z.literal("below"),
    ...limitFields,
    clear_at: clearAt.optional(),
    for_seconds: holdSeconds.optional(),
  }).meta({ id: "NewBelowCondition", description: "A metric is below a limit." }),
  z.strictObject({
    ...changeFields,
    direction: direction.optional(),
    for_seconds: holdSeconds.optional(),
  }).meta({ id: "NewChangeCondition", description: "A metric changes fast." }),
  down,
], {
  error: ({ input }) =>
    typeof input !== "object" || input === null
      ? "condition must be a JSON object"
      : `condition.type must be ${TYPES}`,
}).meta({ id: "NewAlertCondition", description: "When the alert fires." });

/** A condition in an answer. */
export const conditionSchema = z.discriminatedUnion("type", [
  offline,
  noData,
  z.strictObject({
    type: z.literal("above"),
    ...limitFields,
    clear_at: clearAt,
    for_seconds: holdSeconds,
  }).meta({ id: "AboveCondition", description: "A metric is above a limit." }),
  z.strictObject({
    type: z.literal("below"),
    ...limitFields,
    clear_at: clearAt,
    for_seconds: holdSeconds,
  }).meta({ id: "BelowCondition", description: "A metric is below a limit." }),
  z.strictObject({ ...changeFields, direction, for_seconds: holdSeconds })
    .meta({ id: "ChangeCondition", description: "A metric changes fast." }),
  down,
]).meta({ id: "AlertCondition", description: "When the alert fires." });

const firingsRule = "flapping.firings must be a whole number of 2 to 20";

function dampingSeconds(name: string, description: string) {
  const rule = secondsRule(`flapping.${name}`, 1, WITHIN_MAX_SECONDS);
  return z.int(rule).min(1, rule).max(WITHIN_MAX_SECONDS, rule)
    .meta({ description, examples: [3_600] });
}

/** When a subject flaps. */
export const dampingSchema = z.strictObject({
  firings: z.int(firingsRule).min(2, firingsRule).max(20, firingsRule).meta({
    description: "A subject flaps that fires for the so-many-th time …",
    examples: [3],
  }),
  within_seconds: dampingSeconds("within_seconds", "… within this time, in seconds."),
  calm_seconds: dampingSeconds(
    "calm_seconds",
    "It stays firing, without further messages, until it has been calm for this time, in seconds.",
  ),
}, objectError("flapping must be null or a JSON object")).nullable().meta({
  description: "When a subject counts as flapping; `null` is never. By default 3 firings within " +
    "3,600 seconds, and 900 seconds of calm.",
  examples: [{ firings: 3, within_seconds: 3_600, calm_seconds: 900 }],
});

/** A condition in a request. */
export type ConditionInput = z.infer<typeof conditionInput>;
/** A condition in an answer. */
export type ConditionBody = z.infer<typeof conditionSchema>;
/** When a subject flaps. */
export type DampingBody = z.infer<typeof dampingSchema>;
