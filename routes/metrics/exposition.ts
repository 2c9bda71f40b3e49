/**
 * Metrics as the text that Prometheus reads.
 *
 * The package that writes it is loaded at the first scrape: it takes longer to load than all the rest of
 * the service, and many services are never scraped.
 *
 * @module
 */

import type { Metric, Registry } from "prom-client";
import { FAMILIES, type Family, type FamilyName } from "../../data/metrics/families.ts";
import type { ReadableRecorder, Sample } from "../../data/metrics/recorder.ts";

/** A text and its media type. */
export interface Exposition {
  /** The text. */
  readonly text: string;
  /** The media type, with the version of the format. */
  readonly contentType: string;
}

/** One line of a family. */
interface Line {
  readonly metricName?: string;
  readonly labels: Record<string, string | number>;
  readonly value: number;
}

/** Creates a function that writes what a recorder has noted. Each has a registry of its own. */
export function createExposition(recorder: ReadableRecorder): () => Promise<Exposition> {
  let loading: Promise<Registry> | null = null;

  async function load(): Promise<Registry> {
    const { default: client } = await import("prom-client");
    const registry = new client.Registry();
    for (const name of Object.keys(FAMILIES) as FamilyName[]) {
      const metric = { name, get: () => Promise.resolve(collected(name, recorder.samples(name))) };
      // A registry asks a metric only for its name and for `get()`. The recorder counts, so that
      // nothing of the package runs in requests.
      registry.registerMetric(metric as unknown as Metric);
    }
    return registry;
  }

  return async () => {
    loading ??= load().catch((error) => {
      loading = null;
      throw error;
    });
    const registry = await loading;
    return { text: await registry.metrics(), contentType: registry.contentType };
  };
}

/** A family as a metric of the package gives it. */
function collected(name: FamilyName, samples: readonly Sample[]): Record<string, unknown> {
  const { type, help, labels: names }: Family = FAMILIES[name];
  const values = samples.flatMap((sample): Line[] => {
    const labels = Object.fromEntries(names.map((each, index) => [each, sample.labels[index]]));
    return sample.buckets === undefined
      ? [{ labels, value: sample.value }]
      : histogramLines(name, labels, sample);
  });
  return { name, help, type, values, aggregator: "sum" };
}

/** A histogram: how many values each bound has below it, then their sum and their number. */
function histogramLines(
  name: FamilyName,
  labels: Record<string, string>,
  { value, buckets = [] }: Sample,
): Line[] {
  const { buckets: bounds = [] }: Family = FAMILIES[name];
  let count = 0;
  const lines = buckets.map((inBucket, index): Line => {
    count += inBucket;
    const le = bounds[index] ?? "+Inf";
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
  });
  return [
    ...lines,
    { metricName: `${name}_sum`, labels, value },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
