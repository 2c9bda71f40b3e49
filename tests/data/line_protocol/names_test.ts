import {
  aggregateOf,
  metricNameOf,
  profileNameOf,
  unitOf,
} from "../../../data/line_protocol/names.ts";
import { assert, assertEquals } from "../../support/assert.ts";

/** Names of measurements and fields as devices send them, and what becomes of them. */
const NAMES: readonly [given: string, name: string][] = [
  ["inverter", "inverter"],
  ["total_kwh", "total_kwh"],
  ["Power", "power"],
  ["kWh", "kwh"],
  ["W", "w"],
  ["%", "percent"],
  ["°C", "deg_c"],
  ["℃", "deg_c"],
  ["µA", "u_a"],
  ["W/m²", "w_m2"],
  ["m³/h", "m3_h"],
  ["active power (L1)", "active_power_l1"],
  ["sensor.power-meter", "sensor_power_meter"],
  ["température", "temperature"],
  ["Zähler", "zahler"],
  ["_internal", "internal"],
  ["a__b_", "a__b_"],
  ["1min", "n_1min"],
  ["Meter", "meter_device"],
];

for (const [given, name] of NAMES) {
  Deno.test(`profileNameOf() makes ${name} of ${given}`, () =>
    assertEquals(profileNameOf(given), name));
}

Deno.test("profileNameOf() keeps names of other scripts and long names apart, and every name valid", () => {
  const long = "a".repeat(63);
  const given = ["температура", "влажность", "温度", "🍭", "", "///", long + "bc", long + "bd"];
  const names = given.map(profileNameOf);
  assertEquals(new Set(names).size, given.length);
  for (const name of names) assert(/^[a-z][a-z0-9_]{0,63}$/.test(name), name);
  assertEquals(profileNameOf("температура"), names[0]);
  assertEquals(profileNameOf(long + "b"), long + "b");
});

Deno.test("metricNameOf() keeps valid names and letter case, and keeps clear of other columns of a file", () => {
  assertEquals(
    ["Power", "kWh", "Power L1", "timestamp", "Device_id", "timestamps"].map(metricNameOf),
    ["Power", "kWh", "Power_L1", "timestamp_value", "Device_id_value", "timestamps"],
  );
});

Deno.test("metrics aggregate by their mean, energy by its sum, counters by their last value", () => {
  assertEquals(
    ["power_w", "kwh", "energy_kwh", "total", "yield_total", "energy_kwh_total"].map(aggregateOf),
    ["mean", "mean", "sum", "mean", "last", "last"],
  );
});

Deno.test("units of metrics are those that their names end with", () => {
  assertEquals(
    ["energy_kwh", "Power_W", "voltage_v", "current_a", "temp_c", "soc_percent"].map(unitOf),
    ["kWh", "W", "V", "A", "Cel", "%"],
  );
});

Deno.test("names of phases and of nothing known have no unit", () => {
  assertEquals(["voltage_a", "voltage_c", "value", "w", "x_y"].map(unitOf), Array(5).fill("1"));
});
