/**
 * Words and numbers of the screen of stores, in the language of the page.
 *
 * @module
 */

import { HOUR_MS } from "../../data/limits.ts";
import { type OpenState, type OpenTotal, stateOf } from "../../data/stores/store_uptime.ts";
import type { TextKey } from "./texts/en.ts";
import type { View } from "./view.ts";

/** Writes days and hours. Formats are made once, because there are thousands of bars. */
export interface FleetWords {
  /** A day `YYYY-MM-DD` with its weekday. */
  day(date: string): string;
  /** A month `YYYY-MM`. */
  month(month: string): string;
  /** Hours with one decimal, such as `7.5`. */
  hours(ms: number): string;
  /** A percentage with up to two decimals; a dash for null. */
  percent(value: number | null): string;
  /** The word of a state. */
  state(state: OpenState): string;
  /** What a bar says: the day, its state, and the hours of each state. */
  bar(date: string, total: OpenTotal): string;
}

/** Makes the words for a page. */
export function fleetWords({ say, preferences: { locale } }: View): FleetWords {
  const dayFormat = new Intl.DateTimeFormat(locale, {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });
  const monthFormat = new Intl.DateTimeFormat(locale, {
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  });
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  const days = new Map<string, string>();
  const words: FleetWords = {
    day(date) {
      const known = days.get(date) ?? dayFormat.format(Date.parse(date));
      days.set(date, known);
      return known;
    },
    month: (month) => monthFormat.format(Date.parse(`${month}-01`)),
    hours: (ms) => number.format(ms / HOUR_MS),
    percent: (value) => value === null ? "–" : `${percent.format(value)} %`,
    state: (state) => say(`fleet.state.${state}` as TextKey),
    bar(date, total) {
      const parts = [["up", total.upMs], ["down", total.downMs], [
        "unknown",
        total.unknownMs,
      ]] as const;
      const state = stateOf(total);
      const times = parts.filter(([, ms]) => ms > 0).map(([name, ms]) =>
        say("fleet.bar.part", { state: words.state(name), hours: words.hours(ms) })
      );
      return [words.day(date), ...(state === "closed" ? [words.state(state)] : times)].join(" · ");
    },
  };
  return words;
}
