/**
 * The file of an export: its rows, encoded, as text or bytes.
 *
 * @module
 */

import type { FileHead, SourcePage } from "../../data/encoders/encoder.ts";
import { formatNamed } from "../../data/encoders/formats.ts";
import { chosenOutputs, fileColumn, hasIdColumn, type Output } from "../../data/exports/outputs.ts";
import { type ExportSpec, fixedMs } from "../../data/exports/spec.ts";
import type { Page, Span } from "../../data/readings/page.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { type RowsDeps, sourceRows } from "./export_rows.ts";
import type { ExportTally } from "./export_tally.ts";
import { wideWindows, windowRows } from "./wide_rows.ts";

/** An export about to be written. */
export interface ExportPlan {
  /** What it is. */
  readonly spec: ExportSpec;
  /** The profile of its sources. */
  readonly profile: Profile;
  /** Its columns of values. */
  readonly outputs: readonly Output[];
  /** How often each source measures, milliseconds; null where unknown. */
  readonly cadencesMs: readonly (number | null)[];
}

/** The plan of an export whose sources measure at known cadences. */
export function planExport(
  spec: ExportSpec,
  profile: Profile,
  cadencesMs: readonly (number | null)[],
): ExportPlan {
  return { spec, profile, outputs: chosenOutputs(profile, spec), cadencesMs };
}

/** What the file says before its rows. */
export function fileHead({ spec, profile, outputs, cadencesMs }: ExportPlan): FileHead {
  const { ids, zone, hasUtc, interval, csv, fromMs, toMs, layout } = spec;
  const isWide = layout === "wide";
  const columns = isWide
    ? ids.map((source) => fileColumn(profile, outputs[0], { source }))
    : outputs.map((output) => fileColumn(profile, output));
  const [first] = cadencesMs;
  const isSame = cadencesMs.every((cadenceMs) => cadenceMs === first);
  return {
    profile: profile.name,
    sources: ids,
    idColumn: isWide || !hasIdColumn(profile, spec) ? null : profile.idColumn,
    labels: [],
    columns,
    zone,
    hasUtc,
    span: { fromMs, toMs },
    interval,
    intervalMs: interval === "raw" ? (isSame ? first ?? null : null) : fixedMs(interval),
    csv,
  };
}

/** Called while rows are made, with the share of the work that is done, 0 to 1. */
export type OnShare = (share: number) => void;

/** The rows of an export in the order of its file. */
export async function* exportRows(
  deps: RowsDeps,
  plan: ExportPlan,
  { tally, onShare }: { tally: ExportTally; onShare: OnShare },
): AsyncGenerator<SourcePage> {
  const { spec, profile, outputs, cadencesMs } = plan;
  const { ids, fromMs, toMs } = spec;

  function rowsOf(source: number, span: Span, onReadings: (page: Page) => void) {
    return sourceRows(deps, spec, {
      ref: { profile: profile.name, id: ids[source] },
      span,
      outputs,
      cadenceMs: cadencesMs[source] ?? null,
      onReadings(page) {
        tally.addReadings(source, page);
        onReadings(page);
      },
    });
  }

  if (spec.layout === "wide") {
    for (const window of wideWindows(spec, quickest(cadencesMs))) {
      const page = await windowRows(ids.length, (source) => rowsOf(source, window, () => {}));
      onShare((window.toMs - fromMs) / (toMs - fromMs));
      tally.addRows(page.timesMs.length);
      if (page.timesMs.length > 0) yield { source: 0, page };
    }
    ids.forEach((_, source) => tally.endSource(source));
    return;
  }
  for (let source = 0; source < ids.length; source++) {
    const pages = rowsOf(source, spec, ({ timesMs }) => {
      const share = (timesMs[timesMs.length - 1] - fromMs) / (toMs - fromMs);
      onShare((source + share) / ids.length);
    });
    for await (const page of pages) {
      tally.addRows(page.timesMs.length);
      yield { source, page };
    }
    tally.endSource(source);
  }
}

/** The text of a file in a format of text. */
export async function* encodedText(
  plan: ExportPlan,
  rows: AsyncIterable<SourcePage>,
  tally: ExportTally,
): AsyncGenerator<string> {
  const format = formatNamed(plan.spec.format);
  if (format.parts !== "text") throw new TypeError(`Cannot write as text: ${format.name}`);
  const encoder = await format.open(fileHead(plan));
  yield encoder.start();
  for await (const page of rows) yield encoder.rows(page);
  yield encoder.end({ gaps: tally.gaps() });
}

function quickest(cadencesMs: readonly (number | null)[]): number | null {
  const known = cadencesMs.filter((cadenceMs) => cadenceMs !== null);
  return known.length === 0 ? null : Math.min(...known);
}
