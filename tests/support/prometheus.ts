/**
 * Reads the text format of Prometheus, strictly:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format.
 *
 * @module
 */

import { assert, assertEquals } from "./assert.ts";

/** A family as the text has it. */
export interface ScrapedFamily {
  /** Its type. */
  readonly type: string;
  /** Its help. */
  readonly help: string;
  /** The value of each line by name and labels, such as `a_total{kind="x"}`. */
  readonly values: ReadonlyMap<string, number>;
}

const LINE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)/gy;

/** The families of a text by their names. Fails where the text breaks a rule of the format. */
export function readPrometheus(text: string): Map<string, ScrapedFamily> {
  assert(text.endsWith("\n"), "the last line must end with a line feed");
  const families = new Map<string, ScrapedFamily & { values: Map<string, number> }>();
  let family: (ScrapedFamily & { values: Map<string, number> }) | undefined;
  let help = "", name = "";
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const [, helped, words] = /^# HELP (\S+) (.*)$/.exec(line) ?? [];
    const [, typed, type] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (helped !== undefined) [name, help] = [helped, words];
    else if (typed !== undefined) {
      assertEquals(typed, name, "HELP and TYPE must name the same family");
      assert(!families.has(name), `${name} must not come twice`);
      family = { type, help, values: new Map() };
      families.set(name, family);
    } else addLine(line, name, family);
  }
  for (const [each, found] of families) {
    if (found.type === "histogram") assertHistogram(each, found);
  }
  return families;
}

function addLine(
  line: string,
  name: string,
  family: (ScrapedFamily & { values: Map<string, number> }) | undefined,
): void {
  const [, metric, labels = "", value] = LINE.exec(line) ?? [];
  assert(metric !== undefined && family !== undefined, `not a line of the format: ${line}`);
  const ends = family.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
  assert(ends.some((end) => metric === name + end), `${metric} must be of ${name}`);
  assertEquals([...labels.matchAll(LABEL)].map(([text]) => text).join(""), labels, line);
  const key = labels === "" ? metric : `${metric}{${labels}}`;
  assert(!family.values.has(key), `${key} must not come twice`);
  assert(!Number.isNaN(Number(value)), line);
  family.values.set(key, Number(value));
}

/** Buckets must grow up to `+Inf`, which is the count. */
function assertHistogram(name: string, { values }: ScrapedFamily): void {
  const counts = new Map<string, number>();
  for (const [key, value] of values) {
    if (!key.startsWith(`${name}_bucket`)) continue;
    const [, le] = /le="([^"]+)"/.exec(key) ?? [];
    const rest = key.replace(/le="[^"]+",?/, "").replace(/,\}$/, "}");
    assert(value >= (counts.get(rest) ?? 0), key);
    counts.set(rest, value);
    if (le !== "+Inf") continue;
    const count = values.get(rest.replace("_bucket", "_count").replace("{}", ""));
    assertEquals(count, value, key);
  }
}
