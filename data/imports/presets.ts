/**
 * Presets: options for well-known files, so that users need not describe them.
 *
 * @module
 */

import type { DialectOptions } from "./dialect_options.ts";
import { PROFILES } from "../readings/profile.ts";

/** The name of a preset. */
export type PresetName = "household-power";

const METER_METRICS = PROFILES.meter.metrics.map(({ name }) => name);

/**
 * Every preset by its name.
 *
 * `household-power`: "Individual household electric power consumption" of the UCI Machine Learning
 * Repository (Hebrail and Berard 2012), one reading a minute. It has the mean power of each minute
 * but no energy, which is that power divided by the 60 minutes of an hour.
 */
export const PRESETS: Readonly<Record<PresetName, DialectOptions>> = {
  "household-power": {
    delimiter: ";",
    timestamp: ["Date", "Time"],
    timestampFormat: "d/M/yyyy HH:mm:ss",
    map: ["Global_active_power:power_kw", "Voltage:voltage_v", "Global_intensity:current_a"],
    missing: ["?"],
    derivation: {
      metric: METER_METRICS.indexOf("energy_kwh"),
      from: METER_METRICS.indexOf("power_kw"),
      divisor: 60,
      scale: 6,
    },
  },
};
