/**
 * Profiles: what each kind of series measures. To add a kind of device, add an entry here.
 *
 * @module
 */

/** How the readings of a metric are aggregated to one value for a longer period. */
export type Aggregate = "sum" | "mean" | "last";

/** A measured quantity. */
export interface Metric {
  /** Its name in files and in the API, including the unit if the API has it there. */
  readonly name: string;
  /** Its unit, in UCUM notation if UCUM has the unit. */
  readonly unit: string;
  /** Smallest value allowed, in that unit. */
  readonly min: number;
  /** Largest value allowed, in that unit. */
  readonly max: number;
  /** How it aggregates. */
  readonly aggregate: Aggregate;
}

/** Names of all profiles. */
export type ProfileName = "meter" | "battery" | "appliance" | "site";

/** Names of the profiles that devices may have. */
export type DeviceProfileName = "battery" | "appliance";

/** What a kind of series measures. */
export interface Profile {
  /** Its name, which is also part of every storage key. */
  readonly name: ProfileName;
  /** Name of the id column in files. */
  readonly idColumn: string;
  /** The metrics, in the order of columns. */
  readonly metrics: readonly Metric[];
}

/** All profiles by name. */
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

/** The profiles that a telemetry message may have. */
export const DEVICE_PROFILES: readonly DeviceProfileName[] = ["battery", "appliance"];
