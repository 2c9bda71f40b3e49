/**
 * Profiles in requests and answers. The OpenAPI document and the types of the bodies come from these
 * schemas.
 *
 * @module
 */

import { z } from "zod";
import {
  METRIC_NAME_PATTERN,
  METRIC_NAME_RULE,
  METRIC_NAMES_RESERVED,
  PROFILE_METRICS_MAX,
  PROFILE_NAME_PATTERN,
  RETENTION_MAX_DAYS,
} from "../../data/limits.ts";
import { AGGREGATES } from "../../data/readings/profile.ts";
import { isMetricName } from "../../data/readings/profile_change.ts";

/** Most characters of a title or label. */
const TEXT_MAX = 100;
/** Most characters of a unit. */
const UNIT_MAX = 32;

const aggregateText = z.enum(AGGREGATES, `aggregate must be ${AGGREGATES.join(", ")}`).meta({
  id: "Aggregate",
  description: "How its values become one value for a longer period.",
  examples: ["mean"],
});

function line(name: string, most: number) {
  const rule = `${name} must be 1 to ${most} characters without control characters`;
  // deno-lint-ignore no-control-regex
  return z.string(rule).min(1, rule).max(most, rule).regex(/^[^\0-\x1f\x7f]*$/, rule);
}

const nameText = z.string("name is required").refine(isMetricName, {
  error: ({ input }) =>
    typeof input === "string" && METRIC_NAME_PATTERN.test(input)
      ? `name must not be ${METRIC_NAMES_RESERVED.join(", ")}`
      : `name must be ${METRIC_NAME_RULE}`,
}).meta({
  description: `The name of its column: ${METRIC_NAME_RULE}, and not ${
    METRIC_NAMES_RESERVED.join(", ")
  }.`,
  pattern: METRIC_NAME_PATTERN.source,
  examples: ["pv_power_w"],
});
const unitText = line("unit", UNIT_MAX).meta({
  description: "Its unit, in UCUM notation if UCUM has it; `1` for a number without a unit.",
  examples: ["W"],
});
const bound = (name: string) => z.number(`${name} must be a number`);

const metricInput = z.strictObject({
  name: nameText,
  unit: unitText,
  label: line("label", TEXT_MAX).nullable().optional()
    .meta({ description: "What people call it." }),
  min: bound("min").nullable().optional()
    .meta({ description: "The smallest value that new readings may have." }),
  max: bound("max").nullable().optional()
    .meta({ description: "The largest value that new readings may have." }),
  aggregate: aggregateText,
  required: z.boolean("required must be true or false").optional().meta({
    description:
      "Whether every message of a device must have it, as a number or null; `false` by " +
      "default.",
  }),
}, objectError("A metric must be a JSON object")).refine(
  ({ min, max }) => (min ?? -Infinity) <= (max ?? Infinity),
  { path: ["max"], error: "max must not be less than min" },
).meta({ id: "NewMetric", description: "A metric of a profile." });

const retentionRule = `retention_days must be a whole number of 1 to ${RETENTION_MAX_DAYS}`;

const metricsRule = `metrics must be a list of 1 to ${PROFILE_METRICS_MAX} metrics`;

/** The body of `PUT /api/profiles/{name}`. */
export const profileDefinition = z.strictObject({
  title: line("title", TEXT_MAX).nullable().optional()
    .meta({ description: "What people call it.", examples: ["Hybrid inverter"] }),
  retention_days: z.int(retentionRule).min(1, retentionRule).max(RETENTION_MAX_DAYS, retentionRule)
    .nullable().optional().meta({
      description: "How many days readings are kept; null or left out if the settings of the " +
        "service say it. Days that are over for longer are deleted.",
      examples: [730],
    }),
  metrics: z.array(metricInput, metricsRule).min(1, metricsRule)
    .max(PROFILE_METRICS_MAX, metricsRule)
    .superRefine((metrics, context) => {
      const seen = new Set<string>();
      metrics.forEach(({ name }, index) => {
        const lower = name.toLowerCase();
        if (seen.has(lower)) {
          const message = `name must not repeat, not even in other case: ${name}`;
          context.addIssue({ code: "custom", path: [index, "name"], message });
        }
        seen.add(lower);
      });
    })
    .meta({ description: "The metrics in the order of columns." }),
}, objectError("The body must be a JSON object")).meta({
  description: "What a kind of device or meter measures.",
});

/** The name of a profile in a body. */
export const profileName = z.string().regex(PROFILE_NAME_PATTERN).meta({
  description: "The name of a profile.",
  examples: ["inverter"],
});

const metricSchema = z.strictObject({
  name: z.string().meta({ description: "The name of its column.", examples: ["pv_power_w"] }),
  unit: z.string().meta({ description: "Its unit.", examples: ["W"] }),
  label: z.string().nullable().meta({ description: "What people call it, or null." }),
  min: z.number().nullable().meta({ description: "The smallest value allowed, or null." }),
  max: z.number().nullable().meta({ description: "The largest value allowed, or null." }),
  aggregate: aggregateText,
  required: z.boolean().meta({
    description: "Whether every message of a device must have it, as a number or null.",
  }),
}).meta({ id: "Metric", description: "A metric of a profile." });

/** A profile. */
export const profileSchema = z.strictObject({
  name: profileName,
  title: z.string().nullable().meta({ description: "What people call it, or null." }),
  state: z.enum(["built_in", "in_use", "unused"]).meta({
    id: "ProfileState",
    description:
      "`built_in` profiles never change. One that is `in_use` by a device or meter can " +
      "only change in ways that keep the meaning of stored readings.",
    examples: ["in_use"],
  }),
  retention_days: z.int().nullable().meta({
    description:
      "How many days its readings are kept, as it says itself; null if the settings of " +
      "the service say it.",
    examples: [730],
  }),
  metrics: z.array(metricSchema).meta({ description: "The metrics in the order of columns." }),
}).meta({ description: "What a kind of device or meter measures." });

/** All profiles. */
export const profileList = z.strictObject({
  profiles: z.array(profileSchema)
    .meta({ description: "The built-in ones first, then the others in the order of names." }),
}).meta({ description: "All profiles." });

/** The body of `PUT /api/profiles/{name}`. */
export type ProfileDefinitionBody = z.infer<typeof profileDefinition>;
/** A profile. */
export type ProfileBody = z.infer<typeof profileSchema>;
/** All profiles. */
export type ProfileListBody = z.infer<typeof profileList>;

/** An error of an object that is none; unknown properties are worded elsewhere. */
function objectError(sentence: string) {
  return {
    error: (issue: { code?: string }) => issue.code === "invalid_type" ? sentence : undefined,
  };
}
