/**
 * The figures of a year next to those of the year before.
 *
 * @module
 */

import { instantText } from "../../data/time/time_text.ts";
import { unitText } from "../assets/units.js";
import type { Markup } from "./markup.ts";
import type { SourceYear } from "./source_data.ts";
import type { SourceView } from "./source_view.tsx";
import type { TextKey } from "./texts/en.ts";
import type { View } from "./view.ts";

/** The row of figures. */
export function FigureCards(
  { view, source, found }: SourceView & { readonly found: SourceYear },
): Markup {
  const { say, formats } = view;
  const { statistics, before, total, totalBefore, summed, metric, gaps } = found;
  const unit = unitText(metric.unit);
  const all = gaps.readings + gaps.missing;
  return (
    <section aria-label={say("source.figures", { year: found.year })}>
      <dl class="source-figures">
        {summed === null ? null : (
          <Figure
            view={view}
            found={found}
            name="source.total"
            value={total}
            before={totalBefore}
            unit={unitText(summed.unit)}
          />
        )}
        <Figure
          view={view}
          found={found}
          name="source.peak"
          value={statistics.peak?.value ?? null}
          before={before?.peak?.value ?? null}
          unit={unit}
        >
          {statistics.peak === null
            ? null
            : (
              <time datetime={instantText(statistics.peak.atMs)} data-zone={source.zone}>
                {formats.dateTime(statistics.peak.atMs)}
              </time>
            )}
        </Figure>
        <Figure
          view={view}
          found={found}
          name="source.base"
          value={statistics.baseLoad}
          before={before?.baseLoad ?? null}
          unit={unit}
        />
        <Figure
          view={view}
          found={found}
          name="source.mean"
          value={statistics.mean}
          before={before?.mean ?? null}
          unit={unit}
        />
        <div class="source-figure card">
          <dt>{say("source.complete")}</dt>
          <dd>
            <strong>
              {all === 0
                ? "–"
                : `${formats.number(Math.floor(gaps.readings / all * 10_000) / 100, 2)} %`}
            </strong>
            <span class="hint">
              {gaps.missing === 0 && gaps.readings === 1
                ? say("source.complete.one")
                : gaps.missing === 0
                ? say("source.complete.all", { readings: formats.number(gaps.readings, 0) })
                : say("source.complete.missing", {
                  count: gaps.missing,
                  missing: formats.number(gaps.missing, 0),
                })}
            </span>
          </dd>
        </div>
      </dl>
    </section>
  );
}

function Figure({ view, found, name, value, before, unit, children }: {
  readonly view: View;
  readonly found: SourceYear;
  readonly name: TextKey;
  readonly value: number | null;
  readonly before: number | null;
  readonly unit: string;
  readonly children?: Markup | null;
}): Markup {
  const { say, formats } = view;
  const digits = value !== null && Math.abs(value) >= 100 ? 0 : 3;
  return (
    <div class="source-figure card">
      <dt>{say(name)}</dt>
      <dd>
        <strong>{value === null ? "–" : `${formats.number(value, digits)} ${unit}`}</strong>
        {children ?? null}
        {before === null || value === null ? null : (
          <span class="hint">
            {changeText(view, value, before)}
            {say(found.isPartial ? "source.before.partial" : "source.before", {
              year: found.year - 1,
              value: `${formats.number(before, digits)} ${unit}`,
            })}
          </span>
        )}
      </dd>
    </div>
  );
}

/** How much more or less than before, as a share. */
function changeText({ preferences }: View, value: number, before: number): string {
  if (!(before > 0)) return "";
  const share = (value - before) / before;
  const format = new Intl.NumberFormat(preferences.locale, {
    style: "percent",
    maximumFractionDigits: 1,
    signDisplay: "exceptZero",
  });
  return `${format.format(share)} · `;
}
