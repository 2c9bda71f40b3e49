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

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

Deno.test("each query of docs/grafana.json names metrics that are there, with labels that they have", async () => {
  const { panels } = await readDashboard();
  const queries = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({ title, expr, legendFormat }))
  );
  assert(queries.length > 30);
  const shown = new Set<string>();
  for (const { title, expr, legendFormat } of queries) {
    const names = [...expr.matchAll(/\b(?:openwatts|process)_\w+/g)].map(([name]) => name);
    assert(names.length > 0, title);
    const labels = new Set(["job", "instance", "le"]);
    for (const name of names) {
      assert(isMetric(name), `${title}: ${name}`);
      const family = familyOf(name);
      shown.add(family);
      const { type, labels: own }: Family = FAMILIES[family];
      own.forEach((label) => labels.add(label));
      // A counter alone says nothing, as it grows for ever.
      const isRate = /\b(rate|increase)\(/.test(expr);
      assertEquals(isRate, type !== "gauge", `${title}: ${expr}`);
    }
    const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list]) => list.split(", "));
    const matched = [...expr.matchAll(/[{,](\w+)=~?"/g)].map(([, label]) => label);
    const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
    for (const label of [...grouped, ...matched, ...named]) {
      assert(labels.has(label), `${title}: ${label}`);
    }
  }
  assertEquals([...shown].toSorted(), Object.keys(FAMILIES).toSorted());
});

Deno.test("the panels of docs/grafana.json do not overlap, and each has an id of its own", async () => {
  const { panels } = await readDashboard();
  assertEquals(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Set<string>();
  for (const { title, gridPos: { x, y, w, h } } of panels) {
    assert(x + w <= 24, title);
    for (let column = x; column < x + w; column++) {
      for (let line = y; line < y + h; line++) {
        assert(!taken.has(`${column}/${line}`), title);
        taken.add(`${column}/${line}`);
      }
    }
  }
});

async function readDashboard(): Promise<{ readonly panels: readonly Panel[] }> {
  return JSON.parse(await Deno.readTextFile(`${TOP}docs/grafana.json`));
}

function familyOf(name: string): keyof typeof FAMILIES {
  const family = name in FAMILIES ? name : name.replace(/_(bucket|sum|count)$/, "");
  // `isMetric` has held it against the table.
  return family as keyof typeof FAMILIES;
}
