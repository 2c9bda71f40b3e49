/**
 * Measures exports of many meters: a month of 1,000 of them in one file, next to a year of one, and
 * previews.
 *
 * @module
 */

import { DAY_MS, MINUTE_MS } from "../../data/limits.ts";
import type { ExportSpec } from "../../data/exports/spec.ts";
import type { Bench } from "./bench.ts";
import { absolute, type Figure } from "./figure.ts";
import { openOurStore, type OurStore } from "./ours.ts";
import { type Contestant, race, timed } from "./race.ts";
import { median } from "./spread.ts";
import { resultsTable, table } from "./table.ts";
import { TARGETS } from "./targets.ts";
import { YEAR, YEAR_READINGS } from "./year.ts";

const MONTH = { fromMs: YEAR.fromMs, toMs: YEAR.fromMs + 30 * DAY_MS };
const METERS = 1_000;
const IDS: readonly string[] = Array.from({ length: METERS }, (_, index) => `meter-${index}`);
const MONTH_READINGS = METERS * (MONTH.toMs - MONTH.fromMs) / MINUTE_MS;
const ONE = "one meter, a year";
const MANY = "1,000 meters, a month";
const PREVIEW_RUNS = 15;

/** What is previewed. */
const PREVIEWS: readonly (readonly [what: string, form: Partial<ExportSpec>])[] = [
  ["a year of one meter", {}],
  ["a year in 15 minutes", { interval: "15m", zone: "Europe/Berlin" }],
  ["a month of 1,000 meters", { ids: IDS, ...MONTH }],
  [
    "the same, a column for each",
    { ids: IDS, ...MONTH, layout: "wide", columns: ["timestamp", "energy_kwh"] },
  ],
];

/** Runs the measurement. */
export async function measureSources(bench: Bench): Promise<Figure[]> {
  await using store = await openOurStore(await bench.folder("sources"));
  await store.load(YEAR.toMs);
  await store.loadMeters(IDS, MONTH);
  const results = await race([
    contestant(store, ONE, {}),
    contestant(store, MANY, { ids: IDS, ...MONTH }),
  ], bench.options);
  bench.details("\nExport of many meters into one CSV file, synced and hashed.\n");
  bench.details(resultsTable(results, {}));
  const rates = results.map(({ contestant: { name }, runsMs }) =>
    (name === ONE ? YEAR_READINGS : MONTH_READINGS) / 1000 / median(runsMs)
  );
  return [
    {
      what: `export of ${MANY}`,
      ours: rates[1],
      unit: "M readings/s",
      as: "fast",
      other: { name: ONE, value: rates[0] },
      target: TARGETS.manyMeters,
    },
    ...await previewFigures(bench, store),
  ];
}

async function previewFigures(bench: Bench, store: OurStore): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [what, form] of PREVIEWS) {
    const runsMs: number[] = [];
    for (let run = 0; run < PREVIEW_RUNS; run++) {
      runsMs.push(await timed(() => store.preview(form)));
    }
    const ours = median(runsMs.slice(1));
    figures.push(absolute(`preview, ${what}`, { ours, unit: "ms", target: TARGETS.previewMs }));
  }
  const rows = figures.map(({ what, ours }) => [what, ours.toFixed(1)]);
  bench.details(`\n${table([["preview", "ms"], ...rows])}`);
  return figures;
}

function contestant(store: OurStore, name: string, form: Partial<ExportSpec>): Contestant {
  return {
    name,
    path: store.path,
    async run() {
      await store.removeFile();
      return await timed(() => store.exportYearAs(form));
    },
  };
}
