/**
 * What the page of a device has besides its readings: state, last values, offline times, the day.
 *
 * @module
 */

import type { Span } from "../../data/readings/page.ts";
import { localDate } from "../../data/time/zone.ts";
import { getDevice } from "../../kv/devices/devices.ts";
import { listDeviceEvents, newestDeviceEvents } from "../../kv/devices/events.ts";
import { detailBody, deviceBodies, type DeviceDeps } from "../devices/devices.ts";
import { daySummaryBody, type DeviceReadingsDeps } from "../devices/readings.ts";
import type { DeviceDetailBody, LatestReadingBody } from "../devices/schemas.ts";
import type { DaySummaryBody } from "../devices/readings_schemas.ts";
import { unitText } from "../assets/units.js";
import type { Markup } from "./markup.ts";
import { CallOf, metricText, type SourceView } from "./source_view.tsx";

/** What these parts need. */
export interface DevicePartDeps
  extends Pick<DeviceDeps, "kv" | "profiles" | "offlineAfterMs" | "now"> {
  /** The readings. */
  readonly series: DeviceDeps["series"] & DeviceReadingsDeps["series"];
}

/** The parts. */
export interface DeviceParts {
  /** Whether it is online. */
  readonly state: Markup;
  /** Last values and the day. */
  readonly cards: Markup;
  /** When it was offline, epoch milliseconds. */
  readonly bands: readonly [fromMs: number, toMs: number][];
}

/** The most events that become bands. */
const EVENTS_MAX = 2_000;

/** Reads and makes the parts of a device that exists, for a page of a year. */
export async function deviceParts(
  deps: DevicePartDeps,
  shared: SourceView,
  year: Span,
): Promise<DeviceParts | null> {
  const { source: { id, profile }, view, zone } = shared;
  const entry = await getDevice(deps.kv, id);
  if (entry === null) return null;
  const detail = await detailBody(deps, id, entry.value);
  const [{ latest = null }] = await deviceBodies(deps, [{ id, device: entry.value }], true);
  const date = localDate(zone, view.nowMs);
  const day = await daySummaryBody(deps, profile, { id, zone, date });
  return {
    bands: await offlineBands(deps.kv, id, { year, nowMs: view.nowMs, limit: EVENTS_MAX }),
    state: <StateOf {...shared} detail={detail} />,
    cards: (
      <div class="halves">
        <LatestCard {...shared} latest={latest} detail={detail} />
        <DayCard {...shared} day={day} />
      </div>
    ),
  };
}

/**
 * When a device was offline in a year and next to it, from so many events. Those up to the end of the
 * year count first, the newest of them. The last band ends with the event after it, or now.
 */
export async function offlineBands(
  kv: Pick<Deno.Kv, "list">,
  id: string,
  { year: { toMs }, nowMs, limit }: { year: Span; nowMs: number; limit: number },
): Promise<[fromMs: number, toMs: number][]> {
  const before = await newestDeviceEvents(kv, id, { beforeMs: toMs, limit });
  const rest = Math.max(1, limit - before.length);
  const after = await listDeviceEvents(kv, id, { afterMs: toMs - 1, limit: rest + 1 });
  // One more than is shown ends the last one.
  const ends = after[rest]?.atMs ?? nowMs;
  const events = [...before, ...after.slice(0, rest)];
  return events.flatMap(({ atMs, state }, index): [number, number][] =>
    state === "offline" ? [[atMs, events[index + 1]?.atMs ?? ends]] : []
  );
}

function StateOf(
  { view, source, detail }: SourceView & { readonly detail: DeviceDetailBody },
): Markup {
  const { say, formats } = view;
  const isOnline = detail.state === "online";
  return (
    <>
      <span class={isOnline ? "state good" : "state bad"}>
        {say(isOnline ? "source.online" : "source.offline")}
      </span>
      <span class="hint">
        {say("source.since")}{" "}
        <time datetime={detail.state_since} data-relative="" data-zone={source.zone}>
          {formats.dateTime(Date.parse(detail.state_since))}
        </time>
      </span>
    </>
  );
}

function LatestCard({ latest, detail, ...shared }: SourceView & {
  readonly latest: LatestReadingBody | null;
  readonly detail: DeviceDetailBody;
}): Markup {
  const { view, source } = shared;
  const { say, formats } = view;
  return (
    <section class="card" aria-labelledby="latest-title">
      <header>
        <h2 id="latest-title">{say("source.latest")}</h2>
        {detail.location === null ? null : <p class="hint id">{detail.location}</p>}
      </header>
      {latest === null ? <p>{say("source.empty")}</p> : (
        <dl class="values">
          {source.profile.metrics.map(({ name, label = name, unit }) => {
            const value = latest.metrics[name];
            return (
              <div>
                <dt>{label}</dt>
                <dd>
                  <strong data-metric={name}>
                    {typeof value === "number" ? formats.number(value, 3) : say("source.missing")}
                  </strong>{" "}
                  <span class="muted">{unitText(unit)}</span>
                </dd>
              </div>
            );
          })}
        </dl>
      )}
      {detail.warning === null ? null : <p class="fault">{detail.warning}</p>}
      <CallOf view={view} source={source} path="metrics" />
    </section>
  );
}

function DayCard({ day, ...shared }: SourceView & { readonly day: DaySummaryBody }): Markup {
  const { view, source } = shared;
  const { say, formats } = view;
  const text = (value: number | null) => value === null ? "–" : formats.number(value, 3);
  return (
    <section class="card" aria-labelledby="day-title">
      <header>
        <h2 id="day-title">{say("source.today")}</h2>
        <p class="hint">
          {say("source.today.count", { count: day.count, number: formats.number(day.count, 0) })}
        </p>
      </header>
      {day.count === 0
        ? <p>{say("source.no.readings")}</p>
        : (
          <div class="table-frame" tabindex={0} role="group" aria-label={say("source.today")}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{say("source.metric")}</th>
                  <th scope="col" class="number">{say("source.min")}</th>
                  <th scope="col" class="number">{say("source.mean")}</th>
                  <th scope="col" class="number">{say("source.max")}</th>
                </tr>
              </thead>
              <tbody>
                {source.profile.metrics.map(({ name, label = name, unit }) => {
                  const { min, avg, max } = day.summary[name];
                  return (
                    <tr>
                      <th scope="row">{metricText({ name, label, unit })}</th>
                      <td class="number">{text(min)}</td>
                      <td class="number">{text(avg)}</td>
                      <td class="number">{text(max)}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}
      <CallOf view={view} source={source} path={`summary?date=${day.date}`} />
    </section>
  );
}
