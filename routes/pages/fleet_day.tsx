/**
 * A day of a store, explained: next to its bar, and as a page of its own.
 *
 * @module
 */

import { HOUR_MS } from "../../data/limits.ts";
import { createFormats, type Formats } from "../assets/format.js";
import type { StoreDayBody } from "../stores/uptime_schemas.ts";
import type { FleetWords } from "./fleet_words.ts";
import type { Markup } from "./markup.ts";
import type { View } from "./view.ts";

interface DayProps {
  readonly view: View;
  readonly words: FleetWords;
  readonly day: StoreDayBody;
}

/** Formats on the clock of a store. */
export function storeFormats({ preferences: { locale, language } }: View, zone: string): Formats {
  return createFormats({ locale, language, zone });
}

/** The explanation. */
export function DayView({ view, words, day }: DayProps): Markup {
  const { say } = view;
  const { timezone, open, stretches, open_seconds, uptime_percent } = day;
  const formats = storeFormats(view, timezone);
  const clock = (time: string) => formats.clock(Date.parse(time));
  return (
    <div class="day">
      <p>
        <strong>{words.day(day.date)}</strong>{" "}
        <span class={`state ${STATE_LEVELS[day.state]}`}>{words.state(day.state)}</span>
      </p>
      <p>
        {open.length === 0 ? say("fleet.day.closed") : say("fleet.day.open", {
          times: open.map(({ from, to }) => `${clock(from)}–${clock(to)}`).join(", "),
          zone: timezone,
        })}
      </p>
      {open_seconds === 0 ? null : (
        <p class="hint">
          {say("fleet.day.sum", {
            percent: words.percent(uptime_percent),
            up: words.hours(day.up_seconds * 1_000),
            down: words.hours(day.down_seconds * 1_000),
            unknown: words.hours(day.unknown_seconds * 1_000),
          })}
        </p>
      )}
      {stretches.length === 0 ? null : (
        <ul class="stretches">
          {stretches.map((stretch) => (
            <li class={`stretch ${stretch.state}`}>
              <span class="times">{`${clock(stretch.from)}–${clock(stretch.to)}`}</span>{" "}
              <b>{words.state(stretch.state)}</b>
              {": "}
              {reasonOf({ view, words, day }, stretch, formats)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The levels of states in colors and shapes. */
export const STATE_LEVELS = {
  up: "good",
  down: "bad",
  unknown: "unknown",
  closed: "unknown",
} as const;

/** Why a stretch has its state: `poll 10:14 active, held 2 h`. */
function reasonOf(
  { view: { say }, words, day }: DayProps,
  { state, polls, first_poll, last_poll, from, to }: StoreDayBody["stretches"][number],
  formats: Formats,
): string {
  const held = formats.span(Date.parse(to) - Date.parse(from));
  if (first_poll === null || last_poll === null) {
    if (day.max_hold_hours === null) return say("fleet.why.none");
    return say("fleet.why.far", { hours: words.hours(day.max_hold_hours * HOUR_MS) });
  }
  // A poll of another day needs its date.
  const isNear = Math.abs(Date.parse(first_poll) - Date.parse(day.from)) < 24 * HOUR_MS &&
    Date.parse(first_poll) >= Date.parse(day.from) && Date.parse(last_poll) < Date.parse(day.to);
  const time = (text: string) =>
    isNear ? formats.clock(Date.parse(text)) : formats.dateTime(Date.parse(text));
  const found = say(state === "up" ? "fleet.poll.active" : "fleet.poll.inactive");
  return polls === 1
    ? say("fleet.why.poll", { time: time(first_poll), found, held })
    : say("fleet.why.polls", {
      count: polls,
      first: time(first_poll),
      last: time(last_poll),
      found,
      held,
    });
}
