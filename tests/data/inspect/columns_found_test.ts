import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { inspectFile } from "../../../data/inspect/inspect_file.ts";
import { clock, doubt, foundIn, rows } from "./found.ts";

const times = (count: number, value: (index: number) => string | number) =>
  rows(count, (index) => `${clock("2024-05-01T00:00", index * 15)},${value(index)}`);

Deno.test("metrics and units by the names of columns in several languages", () => {
  const cases: [string, string][] = [
    ["Verbrauch (kWh)", "energy_kwh:kWh"],
    ["Consumo_kWh", "energy_kwh:kWh"],
    ["usage_wh", "energy_kwh:Wh"],
    ["KWH/hh (per half hour)", "energy_kwh:kWh"],
    ["Energie [MWh]", "energy_kwh:MWh"],
    ["Leistung in W", "power_kw:kW"],
    ["Wirkleistung (W)", "power_kw:W"],
    ["Power [kW]", "power_kw:kW"],
    ["Spannung (V)", "voltage_v:V"],
    ["Strom [mA]", "current_a:mA"],
    ["Tension", "voltage_v:V"],
  ];
  for (const [name, expected] of cases) {
    const [, column] = foundIn(`Time,${name}`, ...times(4, (index) => `1.${index}`)).columns;
    assertEquals(`${column.metric}:${column.unit}`, expected, name);
  }
});

Deno.test("a unit that the file does not name is a doubt", () => {
  const inspected = foundIn("Time,Consumption", ...times(4, (index) => `1.${index}`));
  assertEquals(inspected.parameters.map, ["Consumption:energy_kwh"]);
  assertMatch(doubt(inspected, "map"), /names no unit.*kWh → map=Consumption:energy_kwh:Wh/);
});

Deno.test("columns that a meter does not keep are left out", () => {
  const names = [
    "Reactive (kvarh)",
    "Apparent [kVA]",
    "Gas (m³)",
    "Cost (EUR)",
    "Quality",
    "Temp °C",
  ];
  for (const name of names) {
    const inspected = foundIn(`Time,${name}`, ...times(4, (index) => `1.${index}`));
    assertEquals([inspected.columns[1].role, inspected.isImportable], ["other", false], name);
  }
});

Deno.test("of two columns of energy, the one from the grid is taken and the other is a doubt", () => {
  const inspected = foundIn(
    "Time,Export (kWh),Import (kWh)",
    ...times(4, (index) => `0.${index},1.${index}`),
  );
  assertEquals(inspected.parameters.map, ["Import (kWh):energy_kwh"]);
  assertMatch(doubt(inspected, "columns"), /Export \(kWh\) could be energy_kwh too/);
});

Deno.test("power at an interval could be energy too: a doubt says how", () => {
  const inspected = foundIn("Time,Power (kW)", ...times(8, (index) => `1.${index}`));
  assertMatch(doubt(inspected, "derive"), /interval of 15m.* → derive=energy/);
});

Deno.test("names of this service's own metrics need no words and no doubts", () => {
  const lines = rows(4, (index) => `2024-05-01T0${index}:00:00Z,a,${1000 + index},230.${index}`);
  const inspected = foundIn("timestamp,smart_meter_id,energy_kwh,voltage_v", ...lines);
  assertEquals([inspected.parameters, inspected.doubts], [{}, []]);
});

Deno.test("one meter goes to its own address, several to the route of many", () => {
  const one = foundIn("Time,MPAN,kWh", ...times(4, (index) => `1900000000001,1.${index}`));
  assertEquals([one.hasManyMeters, one.meter?.ids], [false, ["1900000000001"]]);
  const many = foundIn(
    "Time,MPAN,kWh",
    ...times(8, (index) => `190000000000${index % 2},1.${index}`),
  );
  assertEquals([many.hasManyMeters, many.parameters.meter], [true, ["MPAN"]]);
  assertEquals(many.meter, { column: "MPAN", ids: ["1900000000000", "1900000000001"], count: 2 });
});

Deno.test("a column that alone tells apart rows of one time is proposed as the meter, with a doubt", () => {
  const lines = rows(
    8,
    (index) =>
      `${clock("2024-05-01T00:00", (index >> 1) * 15)},${
        index % 2 === 0 ? "flat" : "house"
      },1.${index}`,
  );
  const inspected = foundIn("Time,Place,kWh", ...lines);
  assertEquals(inspected.parameters.meter, ["Place"]);
  assertMatch(doubt(inspected, "meter"), /differ in Place.*flat and house.* → meter=Place/);
});

Deno.test("registers that share times of one meter are a doubt: an import would keep one of them", () => {
  const lines = rows(
    8,
    (index) =>
      `${clock("2024-05-01T00:00", (index >> 1) * 15)},541400000000000001,` +
      `${index % 2 === 0 ? "Afname Nacht" : "Injectie Nacht"},1.${index}`,
  );
  const inspected = foundIn("Time,EAN,Register,kWh", ...lines);
  assertEquals(inspected.parameters.meter, undefined);
  assertMatch(
    doubt(inspected, "rows"),
    /Register tells the rows apart.*keeps one reading of a time/,
  );
});

Deno.test("a register: large values that only rise, or a name that says so", () => {
  const named = foundIn("Time,Zählerstand (kWh)", ...times(8, (index) => 1000.5 + index / 10));
  assertEquals([named.values, named.parameters.values], ["cumulative", ["cumulative"]]);
  // 37,823 kWh in a quarter of an hour would be 151 MW.
  const huge = foundIn("Time,Energy (kWh)", ...times(8, (index) => 37_823.5 + index / 4));
  assertEquals(huge.parameters.values, ["cumulative"]);
  assertMatch(doubt(huge, "values"), /only counts up.* → values=interval/);
  const load = foundIn("Time,Energy (kWh)", ...times(96, (index) => `0.${10 + index * 7 % 83}`));
  assertEquals([load.values, doubt(load, "values")], ["interval", ""]);
});

Deno.test("too few rows to tell a register from a load are a doubt", () => {
  const inspected = foundIn("Time,kWh", ...times(3, (index) => 0.5 + index));
  assertEquals(inspected.values, "interval");
  assertMatch(doubt(inspected, "values"), /Too few rows.* → values=cumulative/);
});

Deno.test("a day a row: by names of columns, of the start or the end of an interval, or by count", () => {
  const hours = Array.from({ length: 24 }, (_, hour) => hour);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = (date: string) => `${date},${hours.map((hour) => `0.${hour + 1}`).join(",")}`;
  const days = [day("2024-05-01"), day("2024-05-02")];
  const starts = foundIn(`Date,${hours.map((hour) => `${two(hour)}:00`).join(",")}`, ...days);
  assertEquals([starts.layout, starts.interval, starts.stamp], ["day-per-row", "1h", "start"]);
  assertEquals(starts.parameters.layout, ["day-per-row"]);
  const ends = foundIn(`Date,${hours.map((hour) => `${two(hour + 1)}:00`).join(",")}`, ...days);
  assertEquals([ends.layout, ends.parameters.stamp], ["day-per-row", ["end"]]);
  const counted = foundIn(`Date,${hours.map((hour) => `H${hour + 1}`).join(",")}`, ...days);
  assertEquals(counted.layout, "day-per-row");
  assertMatch(doubt(counted, "layout"), /24 columns of numbers.* → layout=long/);
});

Deno.test("only the beginning of a long file: what its end would prove is a doubt", () => {
  const text = `Time,kWh\n${
    times(96, (index) => `0.${index * 7 % 90 + 10}`).map((line) => `${line}\n`).join("")
  }`;
  const bytes = new TextEncoder().encode(text);
  const part = inspectFile({ bytes, isWhole: false, compression: null });
  assertMatch(doubt(part, "stamp"), /taken as the start/);
  assert(part.isImportable);
});
