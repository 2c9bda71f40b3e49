/**
 * The gaps and the months of a year as tables.
 *
 * @module
 */

import { DAY_MS } from "../../data/limits.ts";
import { instantText } from "../../data/time/time_text.ts";
import { localDate } from "../../data/time/zone.ts";
import type { Markup } from "./markup.ts";
import type { SourceYear } from "./source_data.ts";
import { CallOf, metricText, type SourceView } from "./source_view.tsx";

/** The gaps, each with the export of what is around it. */
export function GapCard(
  { found, ...shared }: SourceView & { readonly found: SourceYear },
): Markup {
  const { view, source, zone } = shared;
  const { say, formats } = view;
  const { gaps: { gaps, count, missing, cadenceMs }, span, year } = found;
  const whole = exportLink(shared, { fromMs: span.fromMs, toMs: span.toMs }, { gaps: "report" });
  return (
    <section class="card" aria-labelledby="gaps-title">
      <header>
        <h2 id="gaps-title">{say("source.gaps")}</h2>
        {cadenceMs === null
          ? null
          : <p class="hint">{say("source.cadence", { span: formats.span(cadenceMs) })}</p>}
      </header>
      {count === 0 ? <p>{say("source.gaps.none", { year })}</p> : (
        <>
          <p>
            {say("source.gaps.count", {
              count,
              number: formats.number(count, 0),
              missing: formats.number(missing, 0),
            })}
          </p>
          <div class="table-frame" tabindex={0} role="group" aria-label={say("source.gaps")}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{say("source.from")}</th>
                  <th scope="col">{say("source.length")}</th>
                  <th scope="col" class="number">{say("source.missing")}</th>
                  {view.may("export") ? <th scope="col">{say("source.around")}</th> : null}
                </tr>
              </thead>
              <tbody>
                {gaps.map(({ fromMs, toMs, missing }) => (
                  <tr>
                    <td>
                      <time datetime={instantText(fromMs)} data-zone={source.zone}>
                        {formats.dateTime(fromMs)}
                      </time>
                    </td>
                    <td>{formats.span(toMs - fromMs)}</td>
                    <td class="number">{formats.number(missing, 0)}</td>
                    {view.may("export")
                      ? (
                        <td>
                          <a
                            href={exportLink(
                              shared,
                              { fromMs: fromMs - DAY_MS, toMs: toMs + DAY_MS },
                              {},
                            )}
                          >
                            {say("source.export.days")}
                          </a>
                        </td>
                      )
                      : null}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {count > gaps.length
            ? (
              <p class="hint">
                {say("source.gaps.more", {
                  count: count - gaps.length,
                  more: formats.number(count - gaps.length, 0),
                })}
              </p>
            )
            : null}
          {view.may("export")
            ? (
              <p>
                <a class="button" href={whole}>{say("source.gaps.export")}</a>
              </p>
            )
            : null}
        </>
      )}
      <CallOf
        view={view}
        source={source}
        path={`gaps?start_time=${localDate(zone, span.fromMs)}&timezone=${
          encodeURIComponent(zone)
        }`}
      />
    </section>
  );
}

/** The export form, filled in. The days are those of the zone. */
function exportLink(
  { source: { kind, id }, zone }: SourceView,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  more: Readonly<Record<string, string>>,
): string {
  const query = new URLSearchParams({
    kind,
    id,
    start: localDate(zone, Math.max(0, fromMs)),
    end: localDate(zone, toMs - 1),
    timezone: zone,
    ...more,
  });
  return `/export?${query}`;
}

/** The months of the year. */
export function MonthCard(
  { found, view, source, zone }: SourceView & { readonly found: SourceYear },
): Markup {
  const { say, formats } = view;
  const { months, summed, metric, year } = found;
  const { name, label = name, unit } = summed ?? metric;
  const word = say(summed === null ? "source.mean" : "source.total");
  const names = new Intl.DateTimeFormat(view.preferences.locale, {
    month: "long",
    timeZone: "UTC",
  });
  return (
    <section class="card" aria-labelledby="months-title">
      <header>
        <h2 id="months-title">{say("source.months", { metric: label, year })}</h2>
      </header>
      <div class="table-frame" tabindex={0} role="group" aria-label={say("source.month")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{say("source.month")}</th>
              <th scope="col" class="number">
                {metricText({ name: word, unit })}
              </th>
              <th scope="col" class="number">{say("source.min")}</th>
              <th scope="col" class="number">{say("source.max")}</th>
              <th scope="col" class="number">{say("source.readings")}</th>
            </tr>
          </thead>
          <tbody>
            {months.map(({ date, value, min, max, count }) => (
              <tr>
                <th scope="row">{names.format(Date.parse(date))}</th>
                {count === 0
                  ? <td class="number muted" colspan={4}>{say("source.no.readings")}</td>
                  : (
                    <>
                      <td class="number">{formats.number(value, 3)}</td>
                      <td class="number">{formats.number(min, 3)}</td>
                      <td class="number">{formats.number(max, 3)}</td>
                      <td class="number">{formats.number(count, 0)}</td>
                    </>
                  )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <CallOf
        view={view}
        source={source}
        path={`series?interval=1mo&metrics=${name}&timezone=${encodeURIComponent(zone)}`}
      />
    </section>
  );
}
