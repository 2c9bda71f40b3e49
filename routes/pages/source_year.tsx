/**
 * A year of a source: heat map, chart, bars, load duration, gaps and months.
 *
 * @module
 */

import { unitText } from "../assets/units.js";
import type { Markup } from "./markup.ts";
import { DailyBars, DurationCurve } from "./source_charts.tsx";
import type { SourceYear } from "./source_data.ts";
import { FigureCards } from "./source_figures.tsx";
import { GapCard, MonthCard } from "./source_tables.tsx";
import { CallOf, type SourceView } from "./source_view.tsx";

/** The cards of a year. */
export function YearBody(
  { found, ...shared }: SourceView & { readonly found: SourceYear },
): Markup {
  const { view, source } = shared;
  const { say, formats } = view;
  const { metric, summed, days, statistics, before, year } = found;
  const { name, label = name } = metric;
  const unit = unitText(metric.unit);
  const barMetric = summed ?? metric;
  return (
    <>
      <FigureCards {...shared} found={found} />
      <section class="card" aria-labelledby="heat-title">
        <header>
          <h2 id="heat-title">{say("source.heat", { metric: label, year })}</h2>
          <p class="heat-scale" id="heat-scale" hidden>
            <span id="heat-low"></span>
            <canvas id="heat-legend" aria-hidden="true"></canvas>
            <span id="heat-high"></span>
            <span class="missing-key" aria-hidden="true"></span>
            <span>{say("source.missing")}</span>
          </p>
        </header>
        <canvas
          id="heat"
          class="heat"
          tabindex={0}
          role="img"
          aria-label={say("source.heat.label", { metric: label, year })}
          aria-describedby="heat-readout"
        >
        </canvas>
        <p id="heat-readout" class="readout" role="status">{say("source.heat.help")}</p>
        <noscript>
          <p class="hint">{say("source.noscript")}</p>
        </noscript>
      </section>
      <section class="card" id="chart-card" aria-labelledby="chart-title">
        <header>
          <h2 id="chart-title">{label}</h2>
          <p id="chart-range" class="hint" role="status"></p>
        </header>
        <div id="chart-tools" class="row tools-row" hidden>
          {(["day", "week", "month", "year", "all"] as const).map((action) => (
            <button type="button" class="small" data-action={action}>
              {say(`source.zoom.${action}`)}
            </button>
          ))}
          <span class="spring"></span>
          {(["left", "right", "in", "out", "back"] as const).map((action) => (
            <button
              type="button"
              class="small"
              data-action={action}
              aria-label={say(`source.zoom.${action}`)}
              title={say(`source.zoom.${action}`)}
            >
              {ACTION_SIGNS[action]}
            </button>
          ))}
        </div>
        <div
          id="chart"
          class="chart"
          tabindex={0}
          role="img"
          aria-label={say("source.chart.label", { metric: label })}
          aria-describedby="chart-readout"
        >
        </div>
        <p id="chart-readout" class="readout" role="status">{say("source.chart.help")}</p>
        <details id="chart-table" class="no-print">
          <summary>{say("source.table")}</summary>
          <div
            class="table-frame short"
            tabindex={0}
            role="group"
            aria-label={say("source.table")}
          >
            <table>
              <thead>
                <tr>
                  <th scope="col">{say("source.time")}</th>
                  <th scope="col">{label}</th>
                  <th scope="col">{say("source.min")}</th>
                  <th scope="col">{say("source.max")}</th>
                </tr>
              </thead>
              <tbody></tbody>
            </table>
          </div>
        </details>
        <CallOf path={`series?metrics=${name}&interval=1h`} view={view} source={source} />
      </section>
      <div class="halves">
        <section class="card" aria-labelledby="days-title">
          <header>
            <h2 id="days-title">
              {say("source.days", { metric: barMetric.label ?? barMetric.name, year })}
            </h2>
          </header>
          <DailyBars
            view={view}
            days={days}
            unit={unitText(barMetric.unit)}
            label={say("source.days.label", { metric: barMetric.label ?? barMetric.name, year })}
          />
        </section>
        <section class="card" aria-labelledby="duration-title">
          <header>
            <h2 id="duration-title">{say("source.duration")}</h2>
            <p class="hint">
              {say("source.duration.hint", { interval: formats.interval(statistics.interval) })}
            </p>
          </header>
          <DurationCurve
            view={view}
            curve={statistics.curve}
            before={before?.curve ?? []}
            unit={unit}
            label={say("source.duration.label", { metric: label, year })}
            names={[String(year), String(year - 1)]}
          />
        </section>
        <GapCard {...shared} found={found} />
        <MonthCard {...shared} found={found} />
      </div>
    </>
  );
}

const ACTION_SIGNS = { left: "←", right: "→", in: "+", out: "−", back: "↺" } as const;
