/**
 * Charts that need no script: the days of a year as bars, and load duration curves.
 *
 * @module
 */

import type { CurvePoint } from "../../data/charts/load_statistics.ts";
import type { Markup } from "./markup.ts";
import type { PeriodRow } from "./source_data.ts";
import type { View } from "./view.ts";

const WIDTH = 730, HEIGHT = 190, BOTTOM = 22, TOP = 8, LEFT = 44;

/** A round number that is not below a value, and the ticks up to it. */
export function axisOf(max: number): { top: number; ticks: number[] } {
  if (!(max > 0)) return { top: 1, ticks: [0, 1] };
  const power = 10 ** Math.floor(Math.log10(max));
  const step = [0.1, 0.2, 0.25, 0.5, 1, 2, 2.5].map((part) => part * power)
    .find((part) => max / part <= 5) ?? 2.5 * power;
  const count = Math.ceil(max / step - 1e-9);
  return { top: count * step, ticks: Array.from({ length: count + 1 }, (_, i) => i * step) };
}

/** The days of a year as bars. A day without readings has no bar; one with 0 has a line. */
export function DailyBars({ view, days, unit, label }: {
  readonly view: View;
  readonly days: readonly PeriodRow[];
  readonly unit: string;
  readonly label: string;
}): Markup {
  const known = days.filter(({ count }) => count > 0);
  const lowest = Math.min(0, ...known.map(({ value }) => value));
  const { top, ticks } = axisOf(Math.max(...known.map(({ value }) => value), -lowest, 0));
  const floor = lowest < 0 ? -top : 0;
  const y = (value: number) => TOP + (top - value) / (top - floor) * (HEIGHT - TOP - BOTTOM);
  const width = (WIDTH - LEFT) / days.length;
  const monthText = monthTexts(view);
  return (
    <svg class="bars" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <ValueAxis view={view} ticks={lowest < 0 ? [-top, 0, top] : ticks} y={y} unit={unit} />
      {days.map(({ value, count, date, atMs }, index) => (
        <>
          {count === 0 ? null : (
            <rect
              x={(LEFT + index * width).toFixed(2)}
              y={Math.min(y(value), y(0) - 0.6).toFixed(1)}
              width={Math.max(0.8, width * 0.82).toFixed(2)}
              height={Math.max(0.6, Math.abs(y(value) - y(0))).toFixed(1)}
            >
              <title>{`${date}: ${view.formats.number(value, 2)} ${unit}`}</title>
            </rect>
          )}
          {date.endsWith("-01")
            ? <text x={LEFT + index * width} y={HEIGHT - 6}>{monthText(atMs)}</text>
            : null}
        </>
      ))}
    </svg>
  );
}

function monthTexts({ preferences: { locale } }: View): (atMs: number) => string {
  const format = new Intl.DateTimeFormat(locale, { month: "short", timeZone: "UTC" });
  // A day that begins in the evening of UTC belongs to the next month there.
  return (atMs) => format.format(atMs + 43_200_000);
}

/** Load duration curves: of a year, and of the year before. */
export function DurationCurve({ view, curve, before, unit, label, names }: {
  readonly view: View;
  readonly curve: readonly CurvePoint[];
  readonly before: readonly CurvePoint[];
  readonly unit: string;
  readonly label: string;
  readonly names: readonly [string, string];
}): Markup {
  const values = [...curve, ...before].map(({ value }) => value);
  const { top, ticks } = axisOf(Math.max(0, ...values));
  const floor = Math.min(0, ...values);
  const x = (share: number) => LEFT + share * (WIDTH - LEFT - 8);
  const y = (value: number) => TOP + (top - value) / (top - floor) * (HEIGHT - TOP - BOTTOM);
  const path = (points: readonly CurvePoint[]) =>
    points.map(({ share, value }, index) =>
      `${index === 0 ? "M" : "L"}${x(share).toFixed(1)} ${y(value).toFixed(1)}`
    ).join("");
  return (
    <svg class="duration" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <ValueAxis view={view} ticks={ticks} y={y} unit={unit} />
      {[0, 0.25, 0.5, 0.75, 1].map((share) => (
        <text x={x(share)} y={HEIGHT - 6} text-anchor={share === 1 ? "end" : "start"}>
          {view.formats.number(share * 100, 0)} %
        </text>
      ))}
      {before.length === 0 ? null : <path class="earlier" d={path(before)} />}
      <path class="current" d={path(curve)} />
      {before.length === 0 ? null : (
        <g class="key">
          <path class="current" d={`M${WIDTH - 150} 16h22`} />
          <text x={WIDTH - 122} y={20}>{names[0]}</text>
          <path class="earlier" d={`M${WIDTH - 75} 16h22`} />
          <text x={WIDTH - 47} y={20}>{names[1]}</text>
        </g>
      )}
    </svg>
  );
}

function ValueAxis({ view, ticks, y, unit }: {
  readonly view: View;
  readonly ticks: readonly number[];
  readonly y: (value: number) => number;
  readonly unit: string;
}): Markup {
  return (
    <g class="axis">
      {ticks.map((tick, index) => (
        <>
          <path d={`M${LEFT} ${y(tick).toFixed(1)}H${WIDTH}`} />
          <text x={LEFT - 6} y={y(tick) + 4} text-anchor="end">
            {view.formats.number(tick, 3)}
          </text>
          {index === ticks.length - 1 ? <text x={LEFT + 4} y={y(tick) + 13}>{unit}</text> : null}
        </>
      ))}
    </g>
  );
}
