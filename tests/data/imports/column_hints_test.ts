import {
  closestName,
  likelyMappings,
  likelyTimeColumns,
} from "../../../data/imports/column_hints.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assertEquals } from "../../support/assert.ts";

/** Headers as meters, portals and spreadsheets write them, and what is suggested for each. */
const HEADERS: [header: string, times: string[], mappings: string[]][] = [
  ["Datum;Zeit;Leistung (W);Spannung (V)", ["Datum", "Zeit"], [
    "Leistung (W):power_kw:W",
    "Spannung (V):voltage_v",
  ]],
  ["Date;Heure;Puissance;Énergie", ["Date", "Heure"], ["Énergie:energy_kwh", "Puissance:power_kw"]],
  ["Zeitstempel;Verbrauch kWh", ["Zeitstempel"], ["Verbrauch kWh:energy_kwh"]],
  ["date_time;value_kwh;note", ["date_time"], ["value_kwh:energy_kwh"]],
  ["DateTime;Consumption (Wh)", ["DateTime"], ["Consumption (Wh):energy_kwh:Wh"]],
  ["time;powerkw;Voltage_V", ["time"], ["powerkw:power_kw", "Voltage_V:voltage_v"]],
  ["timestmap;energy", ["timestmap"], ["energy:energy_kwh"]],
  ["Fecha;Hora;Potencia_kW;Tension", ["Fecha", "Hora"], [
    "Potencia_kW:power_kw",
    "Tension:voltage_v",
  ]],
  // Reactive energy is no energy, and money is neither.
  ["Zeit;Blindenergie (kvarh);Energie (EUR);Energie", ["Zeit"], ["Energie:energy_kwh"]],
  ["A;B;C", [], []],
  ["W;mA", [], ["W:power_kw:W", "mA:current_a:mA"]],
];

for (const [header, times, mappings] of HEADERS) {
  Deno.test(`the likely columns of ${header} are found`, () => {
    const names = header.split(";");
    assertEquals(likelyTimeColumns(names), times);
    assertEquals(likelyMappings(names, PROFILES.meter), mappings);
  });
}

Deno.test("the closest name differs by two letters at most, a short one by fewer", () => {
  const names = ["Leistung", "Spannung", "Datum"];
  assertEquals(closestName("Leistng", names), "Leistung");
  assertEquals(closestName("leistung_", names), "Leistung");
  assertEquals(closestName("Spannugn", names), "Spannung");
  assertEquals(closestName("Strom", names), null);
  assertEquals(closestName("Strom", []), null);
  assertEquals([closestName("U", ["P"]), closestName("kW", ["kV"])], [null, "kV"]);
});
