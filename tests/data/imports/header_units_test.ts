import { createDialect } from "../../../data/imports/dialect_options.ts";
import { foreignUnit, unitInName } from "../../../data/imports/header_units.ts";
import { leftOutColumns } from "../../../data/imports/left_out.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("the unit in the name of a column is found however it is set apart", () => {
  const table: [name: string, metricUnit: string, unit: string | null][] = [
    ["Verbrauch (Wh)", "kWh", "Wh"],
    ["Verbrauch [MWh]", "kWh", "MWh"],
    ["Energy, MWh", "kWh", "MWh"],
    ["USAGE (kWh)", "kWh", "kWh"],
    ["AE_kWh", "kWh", "kWh"],
    ["usage_wh", "kWh", "Wh"],
    ["KWH", "kWh", "kWh"],
    ["Kwh hh (per half hour)", "kWh", "kWh"],
    ["Wirkleistung in kW", "kW", "kW"],
    ["P/W", "kW", "W"],
    ["power_w", "kW", "W"],
    ["L1 Strom mA", "A", "mA"],
    ["mv", "V", "mV"],
    ["Energiemenge", "kWh", null],
    ["Leistung kWh", "kW", null],
    // Milli and mega stay apart.
    ["U (MV)", "V", null],
    ["P (mW)", "kW", null],
    // A letter within a name is a phase or a word.
    ["w phase", "kW", null],
  ];
  for (const [name, metricUnit, unit] of table) {
    assertEquals(unitInName(name, metricUnit), unit, `${name} of ${metricUnit}`);
  }
});

Deno.test("units of other quantities are known with what they measure", () => {
  const table: [name: string, unit: string | null, quantity?: string][] = [
    ["Blindarbeit (kvarh)", "kvarh", "reactive energy"],
    ["kVA", "kVA", "apparent power"],
    ["Leading_Current_Reactive_Power_kVarh", "kVarh", "reactive energy"],
    ["COST ($)", "$", "money"],
    ["Gas m3", "m3", "a volume"],
    ["energy_kwh", null],
  ];
  for (const [name, unit, quantity] of table) {
    assertEquals(foreignUnit(name), unit === null ? null : { unit, quantity }, name);
  }
});

Deno.test("a column of another quantity is left out with a reason", () => {
  assertEquals(leftOutColumns(["note", "Q (kvarh)"], PROFILES.meter), [{
    column: "Q (kvarh)",
    reason: "kvarh is reactive energy, which the profile meter does not have",
  }]);
});

/** What a map gives: the exponents of the columns, or what is wrong. */
function mapped(...map: string[]): unknown {
  const result = createDialect(PROFILES.meter, { map });
  if ("problems" in result) return result.problems.map(({ detail }) => detail);
  return map.map((entry) => {
    const name = entry.split(":")[0].toLowerCase();
    return result.dialect.columns.get(name)?.exponent;
  });
}

Deno.test("a mapped column is in the unit of its name, unless the map says another one", () => {
  assertEquals(mapped("Verbrauch (Wh):energy_kwh", "P [MW]:power_kw"), [-3, 3]);
  assertEquals(mapped("Verbrauch (Wh):energy_kwh:kWh"), [0]);
  assertEquals(mapped("usage_wh:energy_kwh"), [-3]);
  assertEquals(mapped("Verbrauch:energy_kwh"), [0]);
});

Deno.test("a column in a unit of another quantity cannot be mapped without saying its unit", () => {
  assertEquals(mapped("Q (kvarh):energy_kwh"), [
    "map accepts energy_kwh in kWh, Wh, MWh; kvarh is reactive energy",
  ]);
  assertEquals(mapped("var 1:energy_kwh:kWh"), [0]);
});
