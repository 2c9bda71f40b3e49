import { PROFILES } from "../../../data/readings/profile.ts";
import { unitExponent, unitsFor } from "../../../data/readings/units.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("each electrical unit accepts its thousandth and its thousandfold", () => {
  const table = [
    ["Wh", "kWh", -3],
    ["kWh", "kWh", 0],
    ["MWh", "kWh", 3],
    ["W", "kW", -3],
    ["kW", "kW", 0],
    ["MW", "kW", 3],
    ["mV", "V", -3],
    ["V", "V", 0],
    ["kV", "V", 3],
    ["mA", "A", -3],
    ["A", "A", 0],
    ["kA", "A", 3],
  ] as const;
  for (const [unit, metricUnit, exponent] of table) {
    assertEquals(unitExponent(unit, metricUnit), exponent, `${unit} of ${metricUnit}`);
  }
});

Deno.test("a unit of another quantity, in another case, or empty is refused", () => {
  const wrong = ["kW", "KWH", "kwh", "wh", " Wh", "J", "", "toString", "constructor", "__proto__"];
  assertEquals(wrong.map((unit) => unitExponent(unit, "kWh")), wrong.map(() => null));
  assertEquals(["toString", "__proto__"].map((unit) => unitExponent(unit, "%")), [null, null]);
});

Deno.test("every metric accepts values in its own unit", () => {
  for (const { metrics } of Object.values(PROFILES)) {
    for (const { unit } of metrics) {
      assertEquals(unitExponent(unit, unit), 0, unit);
      assertEquals(unitsFor(unit).includes(unit), true, unit);
    }
  }
  assertEquals(unitsFor("kW"), ["kW", "W", "MW"]);
  assertEquals(unitsFor("Cel"), ["Cel"]);
});
