/**
 * Uploads in random dialects: the options that say how they are written, and their text.
 *
 * Temporal and whole numbers compute here what a reader must return for them.
 *
 * @module
 */

import { Temporal } from "../../support/temporal.ts";
import fc from "fast-check";
import type { DialectOptions } from "../../../data/imports/dialect_options.ts";
import { plainDecimal, type Row } from "../../support/pages.ts";

/** A form of times without an offset. */
interface ClockForm {
  /** The pattern; without one it is ISO 8601. */
  readonly pattern?: string;
  /** Writes a time; parts that the form lacks are 0. */
  readonly unit: "millisecond" | "second" | "minute";
  write(time: Temporal.PlainDateTime): string;
}

/** A column of a metric: its name, and the power of ten from the unit of the metric to its own. */
interface ValueColumn {
  readonly name: string;
  readonly map?: string;
  readonly exponent: number;
}

/** The dialect of a random upload. */
export interface RandomDialect {
  readonly delimiter: string;
  readonly decimal: "." | ",";
  readonly clock: ClockForm;
  readonly zone: string | null;
  /** One name, or two whose texts are joined by a space. */
  readonly timeNames: readonly string[];
  readonly values: readonly ValueColumn[];
  /** Every name once, in the order of the file. */
  readonly order: readonly string[];
  readonly missing: string;
  readonly isQuoted: boolean;
  readonly lineEnd: string;
  readonly mark: string;
}

const two = (value: number) => String(value).padStart(2, "0");
const iso = (time: Temporal.PlainDateTime) => time.toString({ smallestUnit: "millisecond" });
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

const CLOCKS: readonly ClockForm[] = [
  { unit: "millisecond", write: iso },
  { unit: "minute", write: (time) => iso(time).slice(0, 16).replace("T", " ") },
  {
    pattern: "d/M/yyyy HH:mm:ss",
    unit: "second",
    write: (time) => `${time.day}/${time.month}/${time.year} ${iso(time).slice(11, 19)}`,
  },
  {
    pattern: "MM/dd/yyyy, h:mm a",
    unit: "minute",
    write: (time) =>
      `${two(time.month)}/${two(time.day)}/${time.year}, ` +
      `${(time.hour + 11) % 12 + 1}:${two(time.minute)} ${time.hour < 12 ? "AM" : "pm"}`,
  },
  {
    pattern: "yyyyMMddHHmmssSSS",
    unit: "millisecond",
    write: (time) => iso(time).replaceAll(/\D/g, ""),
  },
  {
    pattern: "HH'h'mm dd MMM yyyy",
    unit: "minute",
    write: (time) =>
      `${two(time.hour)}h${two(time.minute)} ${two(time.day)} ${MONTHS[time.month - 1]} ` +
      time.year,
  },
  {
    pattern: "yyyy_MM_dd:HHmm",
    unit: "minute",
    write: (time) => iso(time).slice(0, 16).replace(/(.*)-(.*)-(.*)T(.*):(.*)/, "$1_$2_$3:$4$5"),
  },
];

/** Zones whose clocks go back, also by half an hour, that change by a quarter of an hour, or never. */
const ZONES = [
  "Europe/Paris",
  "America/New_York",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
  "+05:30",
];

const OWN_NAMES: readonly ValueColumn[] = ["energy_kwh", "power_kw", "voltage_v", "current_a"]
  .map((name) => ({ name, exponent: 0 }));
const OTHER_NAMES: readonly (readonly ValueColumn[])[] = [
  [
    { name: "Energie (Wh)", map: "energy_kwh:Wh", exponent: 3 },
    { name: "P, total", map: "power_kw:W", exponent: 3 },
    { name: "U:1", map: "voltage_v", exponent: 0 },
    { name: "I", map: "current_a:mA", exponent: 3 },
  ],
  [
    { name: "E", map: "energy_kwh:MWh", exponent: -3 },
    { name: "p", map: "power_kw:MW", exponent: -3 },
    { name: "Volt;s", map: "voltage_v:kV", exponent: -3 },
    { name: "current_a", exponent: 0 },
  ],
];

/** Dialects of every kind. */
export function randomDialects(): fc.Arbitrary<RandomDialect> {
  const names = fc.record({
    timeNames: fc.constantFrom(["timestamp"], ["When"], ["Date", "Time"]),
    values: fc.constantFrom(OWN_NAMES, ...OTHER_NAMES),
    extra: fc.subarray(["smart_meter_id", "note"]),
  });
  return names.chain(({ timeNames, values, extra }) => {
    const columns = [...timeNames, ...values.map(({ name }) => name), ...extra];
    return fc.record({
      timeNames: fc.constant(timeNames),
      values: fc.constant(values),
      order: fc.shuffledSubarray(columns, { minLength: columns.length }),
      delimiter: fc.constantFrom(",", ";", "\t", "|", " ", ":", "_"),
      decimal: fc.constantFrom(".", ","),
      clock: fc.constantFrom(...CLOCKS),
      zone: fc.constantFrom(null, ...ZONES),
      missing: fc.constantFrom("", "?", "NA", "-", "-999", "n;a|_"),
      isQuoted: fc.boolean(),
      lineEnd: fc.constantFrom("\n", "\r\n"),
      mark: fc.constantFrom("", "\ufeff"),
    });
  }).filter(({ delimiter, decimal }) => delimiter !== decimal);
}

/** The options that describe such an upload. */
export function optionsOf(dialect: RandomDialect): DialectOptions {
  const { delimiter, decimal, clock, zone, timeNames, values, missing } = dialect;
  return {
    delimiter,
    decimal,
    timestamp: timeNames,
    ...(clock.pattern === undefined ? {} : { timestampFormat: clock.pattern }),
    // Rows here are in any order, which says nothing about a time that the clock shows twice.
    ...(zone === null ? {} : { timezone: zone, ambiguous: "first" }),
    map: values.flatMap(({ name, map }) => map === undefined ? [] : [`${name}:${map}`]),
    missing: [missing],
  };
}

/** A row as the dialect can express it: with a time as exact as its clock, the earlier of two. */
export function writable([timeMs, ...texts]: Row, { clock, zone }: RandomDialect): Row {
  const shown = plainTime(timeMs, zone).round({ smallestUnit: clock.unit, roundingMode: "trunc" });
  const instant = shown.toZonedDateTime(zone ?? "UTC", { disambiguation: "earlier" });
  return [instant.epochMilliseconds, ...texts.map(plainDecimal)];
}

/** The text of rows in a dialect. It cannot express a value that reads as a missing one. */
export function textOf(rows: readonly Row[], dialect: RandomDialect): string {
  const records = rows.map((row) => {
    const fields = fieldsOf(row, dialect);
    return dialect.order.map((name) => fields[name]);
  });
  return dialect.mark + [dialect.order, ...records]
    .map((fields) => fields.map((field) => written(field, dialect)).join(dialect.delimiter))
    .join(dialect.lineEnd);
}

/** Whether the text of a value happens to be one for a missing value. */
export function isMistaken(text: string, metric: number, dialect: RandomDialect): boolean {
  return text !== "" && valueText(text, metric, dialect) === dialect.missing;
}

function plainTime(timeMs: number, zone: string | null): Temporal.PlainDateTime {
  const instant = Temporal.Instant.fromEpochMilliseconds(timeMs);
  return instant.toZonedDateTimeISO(zone ?? "UTC").toPlainDateTime();
}

function fieldsOf([timeMs, ...texts]: Row, dialect: RandomDialect): Record<string, string> {
  const { clock, zone, timeNames, values, missing } = dialect;
  const time = clock.write(plainTime(timeMs, zone));
  const cut = time.indexOf(" ");
  const halves = cut < 0 ? [time] : [time.slice(0, cut), time.slice(cut + 1)];
  const fields: Record<string, string> = { smart_meter_id: "m1", note: 'a "b" c' };
  timeNames.forEach((name, at) => fields[name] = timeNames.length === 1 ? time : halves[at] ?? "");
  values.forEach(({ name }, metric) =>
    fields[name] = texts[metric] === "" ? missing : valueText(texts[metric], metric, dialect)
  );
  return fields;
}

function valueText(text: string, metric: number, { values, decimal }: RandomDialect): string {
  const { exponent } = values[metric];
  return (exponent === 0 ? text : plainDecimal(`${text}e${exponent}`)).replace(".", decimal);
}

function written(field: string, { delimiter, isQuoted }: RandomDialect): string {
  const isOdd = field.includes(delimiter) || field.includes('"');
  return isQuoted || isOdd ? `"${field.replaceAll('"', '""')}"` : field;
}
