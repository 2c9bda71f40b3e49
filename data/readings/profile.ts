/**
 * Profiles: what each kind of series measures, and those that are built in. Users define others
 * (`data/readings/profiles.ts`).
 *
 * @module
 */

/** The ways to aggregate the readings of a metric to one value for a longer period. */
export const AGGREGATES = ["sum", "mean", "last", "min", "max"] as const;

/** One of {@link AGGREGATES}. */
export type Aggregate = typeof AGGREGATES[number];

/** A measured quantity. */
export interface Metric {
  /** Its name in files and in the API, including the unit if the API has it there. */
  readonly name: string;
  /** Its unit, in UCUM notation if UCUM has the unit. */
  readonly unit: string;
  /** What people call it; absent if its name says enough. */
  readonly label?: string;
  /** Smallest value allowed, in that unit; `-Number.MAX_VALUE` if there is none. */
  readonly min: number;
  /** Largest value allowed, in that unit; `Number.MAX_VALUE` if there is none. */
  readonly max: number;
  /** How it aggregates. */
  readonly aggregate: Aggregate;
  /** Whether every message of a device must have it, as a number or null; not by default. */
  readonly isRequired?: boolean;
}

/** The name of a profile. Also part of every storage key of its series. */
export type ProfileName = string;

/** The names of the built-in profiles. */
export type BuiltInName = "meter" | "battery" | "appliance" | "site";

/** What a kind of series measures. */
export interface Profile {
  /** Its name, which is also part of every storage key. */
  readonly name: ProfileName;
  /** Name of the id column in files. */
  readonly idColumn: string;
  /** What people call it; absent if its name says enough. */
  readonly title?: string;
  /**
   * Which definition under its name it is: 1 more with each that is no mere extension of the one
   * before. Absent if it is built in.
   */
  readonly life?: number;
  /** How many days its readings are kept; absent if the settings of the service say it. */
  readonly retentionDays?: number;
  /** The metrics, in the order of columns. New ones are only ever added at the end. */
  readonly metrics: readonly Metric[];
}

/** The built-in profiles by name. They never change. */
export const PROFILES: Readonly<Record<BuiltInName, Profile>> = {
  meter: {
    name: "meter",
    idColumn: "smart_meter_id",
    metrics: [
      { name: "energy_kwh", unit: "kWh", min: -1e9, max: 1e9, aggregate: "sum" },
      { name: "power_kw", unit: "kW", min: -1e6, max: 1e6, aggregate: "mean" },
      { name: "voltage_v", unit: "V", min: 0, max: 1e6, aggregate: "mean" },
      { name: "current_a", unit: "A", min: -1e6, max: 1e6, aggregate: "mean" },
    ],
  },
  battery: {
    name: "battery",
    idColumn: "device_id",
    metrics: [
      { name: "soc_percent", unit: "%", min: 0, max: 100, aggregate: "mean", isRequired: true },
      { name: "voltage_v", unit: "V", min: 200, max: 500, aggregate: "mean", isRequired: true },
      { name: "current_a", unit: "A", min: -1000, max: 1000, aggregate: "mean", isRequired: true },
      { name: "temp_c", unit: "Cel", min: -50, max: 100, aggregate: "mean", isRequired: true },
    ],
  },
  appliance: {
    name: "appliance",
    idColumn: "device_id",
    metrics: [
      { name: "voltage", unit: "V", min: 0, max: 1000, aggregate: "mean", isRequired: true },
      { name: "current", unit: "A", min: -1000, max: 1000, aggregate: "mean", isRequired: true },
      { name: "power", unit: "W", min: -1e6, max: 1e6, aggregate: "mean", isRequired: true },
      {
        name: "temperature",
        unit: "Cel",
        min: -100,
        max: 500,
        aggregate: "mean",
        isRequired: true,
      },
    ],
  },
  site: {
    name: "site",
    idColumn: "site_id",
    metrics: [{ name: "status", unit: "1", min: 0, max: 1, aggregate: "last" }],
  },
};

/** Whether a profile is built in. */
export function isBuiltIn(name: ProfileName): name is BuiltInName {
  return Object.hasOwn(PROFILES, name);
}
