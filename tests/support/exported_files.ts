/**
 * Windows of readings, and the rows that their files should have.
 *
 * @module
 */

import fc from "fast-check";
import type { ExportWindow, WindowPart } from "../../data/continuous/rows.ts";
import { type Page, slicePage } from "../../data/readings/page.ts";
import { sortPage } from "../../data/readings/page_merge.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import { anyPage, type Row, rowsOf } from "./pages.ts";

/** A window with one page of readings of the appliance `D1`, a washer in the cellar. */
export function windowOf(page: Page, part: Partial<WindowPart> = {}): ExportWindow {
  return {
    deviceId: "D1",
    profile: PROFILES.appliance,
    parts: [{ page, deviceType: "washer", location: "cellar", ...part }],
  };
}

/** Arbitrary windows: readings with four metrics, types and locations, in one or more parts. */
export function anyWindow(maxCount: number): fc.Arbitrary<ExportWindow> {
  const text = fc.option(
    fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("", '"', "a,b", "line\nbreak", "\r", "ß–日本🙂", "=1+1", " "),
    ),
    { nil: null },
  );
  const profile = fc.constantFrom(PROFILES.appliance, PROFILES.battery);
  return fc.tuple(
    anyPage({ columnCounts: [4], maxCount }).map(sortPage),
    profile,
    fc.array(fc.tuple(text, text, fc.nat(maxCount)), { minLength: 1, maxLength: 4 }),
  ).map(([page, profile, labels]) => {
    const count = page.timesMs.length;
    const cuts = labels.map(([, , cut]) => Math.min(cut, count)).toSorted((a, b) => a - b);
    const parts = labels.map(([deviceType, location], index): WindowPart => ({
      page: slicePage(page, index === 0 ? 0 : cuts[index - 1], cuts[index]),
      deviceType,
      location,
    }));
    const last = {
      ...parts[parts.length - 1],
      page: slicePage(page, cuts[cuts.length - 1], count),
    };
    return { deviceId: "D-1_x", profile, parts: [...parts, last] };
  });
}

/** A row that a file should have. */
export interface ExpectedRow {
  /** The reading. */
  readonly reading: Row;
  /** The type of the device. */
  readonly deviceType: string | null;
  /** The location of the device. */
  readonly location: string | null;
  /** Hour, day of the week (0 is Monday), and whether it is a weekend. */
  readonly clock: readonly [hour: number, day: number, isWeekend: boolean];
  /** The power factor; NaN if it is missing or the profile has none. */
  readonly powerFactor: number;
}

/** The rows that the file of a window should have, from the engine's calendar and plain arithmetic. */
export function expectedRows({ profile, parts }: ExportWindow): ExpectedRow[] {
  return parts.flatMap(({ page, deviceType, location }) =>
    rowsOf(page).map((reading): ExpectedRow => {
      const date = new Date(reading[0]);
      const day = (date.getUTCDay() + 6) % 7;
      return {
        reading,
        deviceType,
        location,
        clock: [date.getUTCHours(), day, day > 4],
        powerFactor: profile.name === "appliance" ? factorOf(reading) : NaN,
      };
    })
  );
}

function factorOf([, ...texts]: Row): number {
  const [voltage, current, power] = texts.map((text) => text === "" ? NaN : Number(text));
  const apparent = voltage * current;
  return apparent === 0 ? NaN : Math.min(Math.max(power / apparent, 0), 1);
}
