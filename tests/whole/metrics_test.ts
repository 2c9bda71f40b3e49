import { FAMILIES, type Family } from "../../data/metrics/families.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { readSources, TOP } from "../support/sources.ts";

Deno.test("docs/metrics.md lists every metric, with its type and labels", async () => {
  const text = await Deno.readTextFile(`${TOP}docs/metrics.md`);
  const rows = [...text.matchAll(/^\| `((?:openwatts|process)_\w+)` +\| (\w+) +\| (.*?) +\|/gm)]
    .map(([, name, type, labels]) => [name, type, labels.replaceAll(/[` ]/g, "")]);
  const families = Object.entries<Family>(FAMILIES)
    .map(([name, { type, labels }]) => [name, type, labels.join(",")]);
  assertEquals(rows, families);
});

Deno.test("every metric that alerts and queries of docs/metrics.md name is there", async () => {
  const text = await Deno.readTextFile(`${TOP}docs/metrics.md`);
  for (const [name] of text.matchAll(/\b(?:openwatts|process)_[a-z_]+[a-z]\b/g)) {
    if (/openwatts_(key|example)/.test(name)) continue;
    assert(isMetric(name), name);
  }
});

Deno.test("every metric is recorded somewhere", async () => {
  const rooms = await Promise.all(["kv", "jobs", "routes"].map(readSources));
  const code = rooms.flat().map((source) => source.code).join("\n");
  for (const name of Object.keys(FAMILIES)) assert(code.includes(`"${name}"`), name);
});

/** Whether a name is that of a metric, or of a line of a histogram. */
function isMetric(name: string): boolean {
  if (name in FAMILIES) return true;
  const histogram = name.replace(/_(bucket|sum|count)$/, "");
  const families: Readonly<Record<string, Family>> = FAMILIES;
  return families[histogram]?.type === "histogram";
}
