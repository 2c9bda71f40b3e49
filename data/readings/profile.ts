/**
 * Profiles: what each kind of series measures. A new kind of device is a new entry here.
 *
 * @module
 */

/** How readings of a metric become one value for a longer time. */
export type Aggregate = "sum" | "mean" | "last";

/** One measured quantity. */
export interface Metric {
  /** Its name on the wire, unit included where the wire has it. */
  readonly name: string;
  /** Its unit, as UCUM writes it where that has one. */
  readonly unit: string;
  /** Smallest value allowed, in that unit. */
  readonly min: number;
  /** Largest value allowed, in that unit. */
  readonly max: number;
  /** How it aggregates. */
  readonly aggregate: Aggregate;
}

/** Names of the profiles there are. */
export type ProfileName = "meter" | "battery" | "appliance" | "site";

/** Names of the profiles that devices have. */
export type DeviceProfileName = "battery" | "appliance";

/** What a kind of series measures, its metrics in the order of columns. */
export interface Profile {
  /** Its name, also the part of every storage key. */
  readonly name: ProfileName;
  /** What the column of the series' id is called in files. */
  readonly idColumn: string;
  /** The metrics, in the order in which they are stored and written. */
  readonly metrics: readonly Metric[];
}

/** Every profile by its name. */
export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
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
      { name: "soc_percent", unit: "%", min: 0, max: 100, aggregate: "mean" },
      { name: "voltage_v", unit: "V", min: 200, max: 500, aggregate: "mean" },
      { name: "current_a", unit: "A", min: -1000, max: 1000, aggregate: "mean" },
      { name: "temp_c", unit: "Cel", min: -50, max: 100, aggregate: "mean" },
    ],
  },
  appliance: {
    name: "appliance",
    idColumn: "device_id",
    metrics: [
      { name: "voltage", unit: "V", min: 0, max: 1000, aggregate: "mean" },
      { name: "current", unit: "A", min: -1000, max: 1000, aggregate: "mean" },
      { name: "power", unit: "W", min: -1e6, max: 1e6, aggregate: "mean" },
      { name: "temperature", unit: "Cel", min: -100, max: 500, aggregate: "mean" },
    ],
  },
  site: {
    name: "site",
    idColumn: "site_id",
    metrics: [{ name: "status", unit: "1", min: 0, max: 1, aggregate: "last" }],
  },
};

/** Profiles of devices: those a telemetry message may be of. */
export const DEVICE_PROFILES: readonly DeviceProfileName[] = ["battery", "appliance"];
