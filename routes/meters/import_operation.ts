/**
 * The operation that imports readings, as the OpenAPI document describes it.
 *
 * @module
 */

import { z } from "zod";
import { importQuery } from "./import_schemas.ts";
import { importReport, meterId } from "./schemas.ts";
import { contentEncoding, uploadText } from "../openapi/upload_parts.ts";
import type { Content, Operation, Parameter } from "../openapi/operation.ts";

const { shape } = importQuery;

/** The name of a column or property. */
const name = z.string().min(1).max(100);
/** An entry of `map`. */
const METRIC_COLUMN = /^.+:(energy_kwh|power_kw|voltage_v|current_a)(:[A-Za-z]+)?$/;

const parameters: readonly Parameter[] = [
  meterId,
  {
    in: "query",
    name: "dry_run",
    description: "`true` reports what an import would do and writes nothing.",
    schema: z.boolean(),
    example: true,
  },
  {
    in: "query",
    name: "preset",
    description:
      "CSV only: the options for a well-known file. `household-power` is the UCI data set " +
      '"Individual household electric power consumption"; its energy is the power divided by 60, ' +
      "rounded half up to 6 decimals. Other parameters override the options of the preset.",
    schema: shape.preset,
    example: "household-power",
  },
  {
    in: "query",
    name: "delimiter",
    description:
      "CSV only: the character between fields, ASCII or `tab`. `,` by default, `;` if `decimal` " +
      "is `,`.",
    schema: z.string().regex(/^(tab|[ !#-*,/:-@[-`{-~])$/),
    example: ";",
  },
  {
    in: "query",
    name: "decimal",
    description: "CSV only: the decimal point; `.` by default.",
    schema: shape.decimal,
    example: ",",
  },
  {
    in: "query",
    name: "timestamp",
    description:
      "The column or property of times, `timestamp` by default. If date and clock are two columns, " +
      "name both: `timestamp=Date,Time`. Their texts are joined by a space.",
    schema: z.array(name).min(1).max(2),
    example: ["Date", "Time"],
  },
  {
    in: "query",
    name: "timestamp_format",
    description: "The form of times, in fields of Unicode TR35: `dd/MM/yyyy HH:mm:ss`. " +
      "The fields are `yyyy` `yy` `MM` `M` `MMM` `dd` `d` `HH` `H` `hh` `h` `a` `mm` `m` `ss` " +
      "`s` `S` and `X` `XX` `XXX`. Or `iso` (default), `unix` (seconds), `unix_ms`.",
    schema: z.string().min(1),
    example: "dd/MM/yyyy HH:mm:ss",
  },
  {
    in: "query",
    name: "timezone",
    description:
      "The zone of times without an offset: an IANA name or a fixed offset; UTC by default. A " +
      "time that the clock shows twice is the first of the two; one that it skips is rejected.",
    schema: z.string().min(1),
    example: "Europe/Paris",
  },
  {
    in: "query",
    name: "map",
    description: "Which column holds which metric: `column:metric` or `column:metric:unit`, " +
      "several times or with commas. Units: kWh, Wh, MWh; kW, W, MW; V, mV, kV; A, mA, kA. " +
      "Columns of other metrics go by the names of the metrics.",
    schema: z.array(z.string().regex(METRIC_COLUMN)),
    example: ["Leistung:power_kw:W"],
  },
  {
    in: "query",
    name: "missing",
    description: "CSV only: texts that mean a missing value, besides the empty field.",
    schema: z.array(z.string().min(1).max(100)).max(20),
    example: ["?", "NA"],
  },
  contentEncoding,
];

const value = z.number().nullable();
const reading = z.looseObject({
  timestamp: z.union([z.string(), z.number()]).meta({ examples: ["2024-05-01T12:00:00Z"] })
    .optional(),
  energy_kwh: value.optional(),
  power_kw: value.optional(),
  voltage_v: value.optional(),
  current_a: value.optional(),
  smart_meter_id: z.union([z.string(), z.number()])
    .meta({ description: "The meter. It must be the one in the address." }).optional(),
}).meta({
  id: "ImportedReading",
  description:
    "A reading. With `timestamp` and `map` its properties may have other names. Unknown " +
    "properties are ignored.",
});

const body: readonly Content[] = [
  {
    mediaType: "text/csv",
    schema: uploadText("A header and a line for each reading."),
    examples: {
      two_minutes: {
        summary: "Two minutes",
        value: "timestamp,energy_kwh,power_kw,voltage_v,current_a\n" +
          "2024-05-01T12:00:00Z,0.0167,1.002,230.1,4.35\n" +
          "2024-05-01T12:01:00Z,0.0171,1.026,230.0,4.46\n",
      },
      local_dialect: {
        summary: "Semicolons, decimal commas, watts and local time, described in the query",
        value: "Datum;Uhrzeit;Leistung;Spannung\n" +
          "01.05.2024;14:00;1002,5;230,1\n" +
          "01.05.2024;14:01;NA;230,0\n",
        "x-query": "delimiter=;&decimal=,&timestamp=Datum,Uhrzeit&" +
          "timestamp_format=dd.MM.yyyy HH:mm&timezone=Europe/Berlin&" +
          "map=Leistung:power_kw:W,Spannung:voltage_v&missing=NA",
      },
      household_power: {
        summary: "A line of a well-known file, with a preset",
        value: "Date;Time;Global_active_power;Global_reactive_power;Voltage;Global_intensity;" +
          "Sub_metering_1;Sub_metering_2;Sub_metering_3\n" +
          "16/12/2006;17:24:00;4.216;0.418;234.840;18.400;0.000;1.000;17.000\n",
        "x-query": "preset=household-power",
      },
      power_only: {
        summary: "Only power, in local time",
        value: "timestamp,power_kw\n2024-05-01T14:02:00+02:00,1.1\n",
      },
    },
  },
  {
    mediaType: "application/x-ndjson",
    schema: uploadText("A JSON object a line."),
    examples: {
      two_lines: {
        summary: "Two minutes",
        value: '{"timestamp":"2024-05-01T12:00:00Z","power_kw":1.002}\n' +
          '{"timestamp":"2024-05-01T12:01:00Z","power_kw":1.026,"voltage_v":null}\n',
      },
    },
  },
  {
    mediaType: "application/json",
    schema: z.array(reading),
    examples: {
      one_reading: {
        summary: "One minute",
        value: [{ timestamp: "2024-05-01T12:00:00Z", power_kw: 1.002, voltage_v: 230.1 }],
      },
    },
  },
];

/** The operation. */
export const importOperation: Operation = {
  method: "post",
  path: "/api/meters/{id}/readings",
  id: "importReadings",
  tag: "Meters",
  summary: "Import readings",
  description:
    "Send an upload of any length, in UTF-8: CSV with a header, one JSON object a line, or a JSON " +
    "array of objects. Columns and properties go by name, in any order: `timestamp` and at least " +
    "one of `energy_kwh`, `power_kw`, `voltage_v`, `current_a`. An empty field or null is a missing " +
    "value. A `smart_meter_id` must be that of the meter.\n\nA reading replaces the whole stored " +
    "reading of the same time. If a time occurs twice in an upload, the last reading wins; the " +
    "others count as `repeated`. An upload's times are remembered within 8 MiB, which is enough " +
    "for a million at irregular times and for many more at a regular step. If one is forgotten and " +
    "comes again, it counts by what it does to the stored reading.\n\nGood records are stored as " +
    "they arrive, even if the upload breaks off. Send the same upload again to complete it. " +
    "`GET /api/meters/{id}` shows how far it is.",
  parameters,
  body,
  answers: [{
    status: 200,
    description: "The upload was read to its end. `rejects` lists what was rejected, and why.",
    content: [{ mediaType: "application/json", schema: importReport }],
  }],
  problems: ["INVALID_REQUEST", "MALFORMED_BODY", "UNSUPPORTED_MEDIA_TYPE", "SERIES_BUSY"],
};
