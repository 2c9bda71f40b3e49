/**
 * The bodies of uploads of readings, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import type { Content } from "../openapi/operation.ts";
import { uploadText } from "../openapi/upload_parts.ts";

/** Names of the columns of a day by hours. */
const HOURS = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, "0")}:00`);

const value = z.number().nullable();
/** A reading of an uploaded JSON array. */
export const reading: z.ZodType = z.looseObject({
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

const NEM12 = "100,NEM12,202401031004,MDP1,RETAILR\n" +
  "200,VABD000163,E1,E1,E1,N1,METSER123,KWH,30,20240401\n" +
  `300,20240101,${Array(48).fill("0.25").join(",")},A,,,20240102120025,\n` +
  "900\n";
const ROOT = "/espi/1_1/resource/UsagePoint/01/MeterReading/01";
const GREEN_BUTTON = '<?xml version="1.0" encoding="UTF-8"?>\n' +
  '<feed xmlns="http://www.w3.org/2005/Atom">\n' +
  `<entry><link rel="self" href="${ROOT}"/><link rel="related" href="/ReadingType/01"/>` +
  '<content><MeterReading xmlns="http://naesb.org/espi"/></content></entry>\n' +
  '<entry><link rel="self" href="/ReadingType/01"/><content>' +
  '<ReadingType xmlns="http://naesb.org/espi"><accumulationBehaviour>4</accumulationBehaviour>' +
  "<flowDirection>1</flowDirection><intervalLength>3600</intervalLength>" +
  "<powerOfTenMultiplier>0</powerOfTenMultiplier><uom>72</uom></ReadingType></content></entry>\n" +
  `<entry><link rel="up" href="${ROOT}/IntervalBlock"/><content>` +
  '<IntervalBlock xmlns="http://naesb.org/espi"><IntervalReading><timePeriod>' +
  "<duration>3600</duration><start>1704067200</start></timePeriod><value>311</value>" +
  "</IntervalReading></IntervalBlock></content></entry>\n</feed>\n";

/** NEM12 by `format`, and one of its registers. */
const nem12Register = {
  summary: "NEM12: one register",
  value: NEM12,
  "x-query": "format=nem12&register=VABD000163_E1",
};

/**
 * Files in the formats of meters, and packed files, of one meter or many. The description of the
 * operations, not this list, has `application/octet-stream`: with it, openapi-python-client 0.29
 * generates a client that cannot send readings at all.
 */
const meterFiles: readonly Content[] = [
  {
    mediaType: "application/xml",
    schema: uploadText("A Green Button file: ESPI in a feed of Atom, or alone."),
    examples: { one_hour: { summary: "Green Button: an hour", value: GREEN_BUTTON } },
  },
  {
    mediaType: "text/xml",
    schema: uploadText("The same as `application/xml`."),
    examples: { one_hour: { summary: "Green Button: an hour", value: GREEN_BUTTON } },
  },
  ...["application/zip", "application/x-zip-compressed"].map((mediaType) => ({
    mediaType,
    schema: uploadText("A ZIP file with one of these in it, by its first bytes or by `format`."),
  })),
];

/** The bodies of an upload of readings. */
export const uploadBodies: readonly Content[] = [
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
      one_of_many: {
        summary: "One meter of a file of many",
        value: "mpan,timestamp,energy_kwh\n1,2024-05-01T12:00:00Z,0.25\n" +
          "2,2024-05-01T12:00:00Z,0.5\n",
        "x-query": "meter=mpan&register=1",
      },
      register: {
        summary: "A register that only grows, in watt-hours",
        value: "Date,Wh\n2024-05-01T12:00:00Z,99999800\n2024-05-01T13:00:00Z,300\n" +
          "2024-05-01T14:00:00Z,800\n",
        "x-query":
          "timestamp=Date&map=Wh:energy_kwh:Wh&values=cumulative&rollover=100000000&stamp=start",
      },
      day_per_row: {
        summary: "A day a line, a column for each hour",
        value: `Date,${HOURS.join(",")}\n2024-05-01,${HOURS.map(() => "0.5").join(",")}\n`,
        "x-query": "layout=day-per-row&timestamp=Date&derive=power",
      },
      local_dialect: {
        summary: "Semicolons, decimal commas, watts and local time, described in the query",
        value: "Datum;Uhrzeit;Leistung;Spannung\n" +
          "01.05.2024;14:00;1002,5;230,1\n" +
          "01.05.2024;14:01;NA;230,0\n",
        "x-query": "delimiter=;&decimal=,&timestamp=Datum,Uhrzeit&" +
          "timestamp_format=dd.MM.yyyy HH:mm&timezone=Europe/Berlin&encoding=utf-8&thousands=.&" +
          "interval=1m&ambiguous=first&nonexistent=shift&" +
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
      nem12: { summary: "NEM12: a day of half hours", value: NEM12 },
      nem12_register: nem12Register,
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
  ...meterFiles,
];

/** The bodies of an upload of readings of many meters. */
export const manyUploadBodies: readonly Content[] = [
  {
    mediaType: "text/csv",
    schema: uploadText("A header and a line for each reading, which names its meter."),
    examples: {
      two_meters: {
        summary: "Two meters",
        value: "smart_meter_id,timestamp,energy_kwh,power_kw\n" +
          "100,2024-05-01T12:00:00Z,0.0167,1.002\n" +
          "101,2024-05-01T12:00:00Z,0.25,1\n",
      },
      other_names: {
        summary: "Columns with other names, described in the query",
        value: "meter_id,reading_time,usage_wh\n" +
          "A-1,2024-06-01T00:00:00Z,+100\n" +
          "B.2,2024-06-01T00:00:00Z,+250\n",
        "x-query": "meter=meter_id&timestamp=reading_time&map=usage_wh:energy_kwh:Wh",
      },
      register: {
        summary: "A register that only grows, in watt-hours",
        value:
          "smart_meter_id,Date,Wh\n100,2024-05-01T12:00:00Z,99999800\n100,2024-05-01T13:00:00Z,300\n" +
          "100,2024-05-01T14:00:00Z,800\n",
        "x-query":
          "timestamp=Date&map=Wh:energy_kwh:Wh&values=cumulative&rollover=100000000&stamp=start",
      },
      day_per_row: {
        summary: "A day a line, a column for each hour",
        value: `smart_meter_id,Date,${HOURS.join(",")}\n100,2024-05-01,${
          HOURS.map(() => "0.5").join(",")
        }\n`,
        "x-query": "layout=day-per-row&timestamp=Date&derive=power",
      },
      local_dialect: {
        summary: "Semicolons, decimal commas, watts and local time",
        value: "Anlage;Datum;Uhrzeit;Leistung\n" +
          "7;01.05.2024;14:00;1002,5\n" +
          "8;01.05.2024;14:00;NA\n",
        "x-query": "meter=Anlage&delimiter=;&decimal=,&timestamp=Datum,Uhrzeit&" +
          "timestamp_format=dd.MM.yyyy HH:mm&timezone=Europe/Berlin&encoding=utf-8&thousands=.&" +
          "interval=1m&ambiguous=first&nonexistent=shift&" +
          "map=Leistung:power_kw:W&missing=NA",
      },
      preset: {
        summary: "A well-known file with a column of meters before its own",
        value: "House;Date;Time;Global_active_power;Voltage;Global_intensity\n" +
          "7;16/12/2006;17:24:00;4.216;234.840;18.400\n",
        "x-query": "preset=household-power&meter=House",
      },
      nem12_register: nem12Register,
    },
  },
  {
    mediaType: "application/x-ndjson",
    schema: uploadText("A JSON object a line, which names its meter."),
    examples: {
      two_meters: {
        summary: "Two meters",
        value: '{"smart_meter_id":"100","timestamp":"2024-05-01T12:00:00Z","power_kw":1.002}\n' +
          '{"smart_meter_id":"101","timestamp":"2024-05-01T12:00:00Z","power_kw":1}\n',
      },
    },
  },
  {
    mediaType: "application/json",
    schema: z.array(reading),
    examples: {
      two_meters: {
        summary: "Two meters",
        value: [
          { smart_meter_id: "100", timestamp: "2024-05-01T12:00:00Z", power_kw: 1.002 },
          { smart_meter_id: "101", timestamp: "2024-05-01T12:00:00Z", power_kw: 1 },
        ],
      },
    },
  },
  ...meterFiles,
];
