/**
 * What a profile may become without changing the meaning of stored readings.
 *
 * A reading is stored as one value per metric, in the order of the metrics, so metrics are only ever
 * appended. Titles, labels and ranges may change: a range counts for new readings only.
 *
 * @module
 */

import type { FieldError } from "../app_error.ts";
import { METRIC_NAME_PATTERN, METRIC_NAMES_RESERVED, PROFILE_METRICS_MAX } from "../limits.ts";
import type { Metric, Profile } from "./profile.ts";

/**
 * Every difference between two versions of a profile that would change what stored readings mean.
 * Pointers are those of the new definition: `/metrics/2/unit`.
 */
export function meaningChanges(
  before: readonly Metric[],
  after: readonly Metric[],
): FieldError[] {
  const problems: FieldError[] = [];
  before.forEach((metric, index) => {
    const { name } = metric;
    const at = after.findIndex((other) => other.name === name);
    const pointer = `/metrics/${index}`;
    if (at < 0) {
      const detail = `metric ${name} cannot be removed or renamed`;
      problems.push({ pointer, detail, rule: `${name}, as the metric at this place` });
      return;
    }
    if (at !== index) {
      const detail = `metric ${name} must stay number ${index + 1} of the list`;
      problems.push({ pointer: `/metrics/${at}`, detail, value: name, rule: `at ${pointer}` });
    }
    for (const member of ["unit", "aggregate"] as const) {
      const [was, is] = [metric[member], after[at][member]];
      if (was === is) continue;
      const detail = `${member} of metric ${name} cannot change from ${was} to ${is}`;
      problems.push({ pointer: `/metrics/${at}/${member}`, detail, value: is, rule: was });
    }
  });
  return problems;
}

/**
 * The metrics with those of others that have new names, as far as there is room and names are valid.
 * Names that differ only in case count as the same. Returns the same array if nothing is new.
 */
export function withAppended(
  metrics: readonly Metric[],
  others: readonly Metric[],
): readonly Metric[] {
  const names = new Set(metrics.map(({ name }) => name.toLowerCase()));
  const appended = [...metrics];
  for (const metric of others) {
    const name = metric.name.toLowerCase();
    if (names.has(name) || !isMetricName(metric.name)) continue;
    if (appended.length === PROFILE_METRICS_MAX) break;
    names.add(name);
    appended.push(metric);
  }
  return appended.length === metrics.length ? metrics : appended;
}

/** Whether a profile has a metric for each of some names. */
export function hasMetrics({ metrics }: Profile, names: readonly string[]): boolean {
  return names.every((name) => metrics.some((metric) => metric.name === name));
}

/** Whether a text can be the name of a metric. */
export function isMetricName(text: string): boolean {
  return METRIC_NAME_PATTERN.test(text) && !METRIC_NAMES_RESERVED.includes(text.toLowerCase());
}
