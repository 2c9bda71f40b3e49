/**
 * What an inspection of a file and the list of presets look like.
 *
 * @module
 */

import { z } from "zod";
import { METER_ID_PATTERN } from "../../data/limits.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import { count, instant } from "../openapi/schema_parts.ts";
import { metricValue, ofMetrics } from "../readings/schemas.ts";

/** Most readings and rejected records of one inspection. */
const INSPECTED_ROWS_MAX = 100;
/** The longest query of an import that an inspection tries. */
const IMPORT_MAX = 8_000;
const rowsRule = `rows must be a whole number from 1 to ${INSPECTED_ROWS_MAX}`;

/** The query of an inspection. */
export const inspectQuery = z.strictObject({
  import: z.string().max(IMPORT_MAX, `import must have at most ${IMPORT_MAX} characters`)
    .optional(),
  into: z.enum(["one", "many"], "into must be one or many").optional(),
  rows: z.string().regex(/^\d{1,3}$/, rowsRule)
    .refine((text) => Number(text) >= 1 && Number(text) <= INSPECTED_ROWS_MAX, rowsRule)
    .default("5"),
});

const nullable = (schema: z.ZodString, description: string, example: string) =>
  schema.nullable().meta({ description, examples: [example] });
const text = (description: string, example: string) =>
  z.string().meta({ description, examples: [example] });

const column = z.strictObject({
  name: text("Its name in the file.", "Verbrauch (kWh)"),
  role: z.enum(["time", "end", "meter", "metric", "value_of_day", "other"]).meta({
    description:
      "What it is for: `time` of the reading, `end` of its interval, id of the `meter`, " +
      "a `metric`, the `value_of_day` of an interval in a table with a day a row, or `other`, " +
      "which is not imported.",
    examples: ["metric"],
  }),
  metric: nullable(z.string(), "The metric it would be imported as.", "energy_kwh"),
  unit: nullable(z.string(), "The unit of its values.", "kWh"),
  samples: z.array(z.string()).max(3).meta({
    description: "Its first values that are not empty, at most three.",
    examples: [["0,063", "0,083", "0,092"]],
  }),
}).meta({ id: "InspectedColumn", description: "A column or property of the file." });

const meters = z.strictObject({
  column: nullable(
    z.string(),
    "The column with their ids; null if the format has a place of its own for them.",
    "MPAN",
  ),
  ids: z.array(z.string()).max(20).meta({
    description: "The first 20 of them.",
    examples: [["1900000000001"]],
  }),
  count: count("How many there are in the part that was read.", 1),
}).meta({ id: "InspectedMeters", description: "The meters that the file names." });

const time = z.strictObject({
  columns: z.array(z.string()).min(1).max(2).meta({
    description: "The column of times, or those of dates and clocks.",
    examples: [["Messzeitpunkt"]],
  }),
  format: text("Their form, as `timestamp_format` takes it.", "dd.MM.yyyy HH:mm"),
  formats: z.array(z.string()).min(1).max(3).meta({
    description: "All forms that fit. If there are several, no row shows which is right.",
    examples: [["dd.MM.yyyy HH:mm"]],
  }),
  has_offset: z.boolean().meta({
    description: "Whether each time has an offset from UTC, or counts from 1970.",
    examples: [false],
  }),
  sample: text("The first one.", "01.02.2024 00:15"),
}).meta({ id: "InspectedTimes", description: "The times of the file." });

const parameters = z.record(z.string(), z.array(z.string())).meta({
  description: "The parameters by name. A name with several values is sent several times.",
  examples: [{ preset: ["netz-noe"] }],
});

const importCall = z.strictObject({
  path: z.string().regex(/^\/api\/(readings|meters\/[^/]+\/readings)$/).meta({
    description:
      "Where to send the file: to the route for many meters, or to one meter, whose id " +
      "you fill in for `{id}` unless the file names it in `smart_meter_id`.",
    examples: ["/api/meters/{id}/readings"],
  }),
  headers: z.record(z.string(), z.string()).meta({
    description: "The headers to send.",
    examples: [{ "content-type": "text/csv" }],
  }),
  parameters,
  query: text("The same as a query string.", "preset=netz-noe"),
}).meta({ id: "ProposedImport", description: "The request that imports the file." });

const reading = z.strictObject({
  smart_meter_id: z.string().regex(METER_ID_PATTERN).nullable().meta({
    description: "The meter; null if the file goes to the meter in the address.",
    examples: ["1900000000001"],
  }),
  timestamp: instant("When it was measured.", "2024-01-31T23:00:00Z"),
  ...ofMetrics(PROFILES.meter, metricValue),
}).meta({ id: "InspectedReading", description: "A reading as it would be stored." });

const reject = z.strictObject({
  line: z.int().min(0).nullable().meta({
    description: "Its line, or its index in a JSON array.",
    examples: [98],
  }),
  field: nullable(z.string(), "The column that is wrong; null if the whole record is.", "Time"),
  value: text("Its value, at most 100 characters of it.", "Total"),
  rule: text("The rule it breaks.", "a time as dd.MM.yyyy HH:mm"),
}).meta({ id: "InspectedReject", description: "A record that would be rejected." });

const doubt = z.strictObject({
  about: text("A parameter of the import, or a word such as `columns`.", "stamp"),
  detail: text(
    "The doubt in words.",
    "Nothing shows whether a time is the start or the end of its interval; it is taken as the start",
  ),
  settle: nullable(z.string(), "What you could send to settle it otherwise.", "stamp=end"),
}).meta({ id: "Doubt", description: "What the file does not prove." });

/** What a file is and how it would be imported. */
export const inspectionSchema = z.strictObject({
  format: text("`csv`, `json`, `ndjson`, `nem12`, `espi`, or the name of another format.", "csv"),
  title: text("What it is in words.", "a table of text (CSV)"),
  importable: z.boolean().meta({
    description: "Whether the import below reads it.",
    examples: [true],
  }),
  advice: nullable(
    z.string(),
    "What to do if it cannot be imported as it is.",
    "Open it in a spreadsheet program, save it as CSV in UTF-8, and inspect that file",
  ),
  compression: z.enum(["gzip", "zip"]).nullable().meta({
    description: "What the file is packed with; null if it is not.",
    examples: [null],
  }),
  bytes_read: count("How many bytes of it were looked at, unpacked.", 65_536),
  is_whole: z.boolean().meta({
    description: "Whether that was the whole file.",
    examples: [false],
  }),
  encoding: nullable(z.string(), "Its encoding; null if it is not text.", "utf-8"),
  delimiter: nullable(z.string(), "The character between fields, or `tab`.", ";"),
  decimal: nullable(z.string(), "The decimal point of a table.", ","),
  thousands: nullable(z.string(), "What parts thousands.", " "),
  header_line: z.int().min(1).nullable().meta({
    description: "The line of the header; null if there is none.",
    examples: [1],
  }),
  preamble: z.array(z.string()).max(20).meta({
    description: "The lines before the header, the first 20.",
    examples: [["Account Number,1"]],
  }),
  columns: z.array(column).meta({ description: "Its columns or properties." }),
  meters: meters.nullable(),
  time: time.nullable(),
  interval: nullable(z.string(), "From one time to the next.", "15m"),
  stamp: z.enum(["start", "end"]).nullable().meta({
    description: "Whether times are starts or ends of intervals; null where it does not matter.",
    examples: ["end"],
  }),
  values: z.enum(["interval", "cumulative"]).nullable().meta({
    description: "Whether energy is that of each interval or the reading of a register.",
    examples: ["interval"],
  }),
  layout: z.enum(["long", "day-per-row"]).nullable().meta({
    description: "A reading a row, or a day a row; null if it is not a table.",
    examples: ["long"],
  }),
  zone_needed: z.boolean().meta({
    description: "Whether times have no zone. Send `timezone`, or they are taken as UTC.",
    examples: [false],
  }),
  preset: nullable(z.string(), "The preset that fits best.", "netz-noe"),
  presets: z.array(z.string()).meta({
    description: "All presets that fit, the best one first.",
    examples: [["netz-noe"]],
  }),
  import: importCall.nullable(),
  readings: z.array(reading).max(INSPECTED_ROWS_MAX).meta({
    description: "The first readings as that import would store them: five, or as many as `rows` " +
      "says.",
  }),
  reading_lines: z.array(z.int().min(0)).max(INSPECTED_ROWS_MAX).meta({
    description: "The line of each of these readings, or its index in a JSON array.",
    examples: [[2, 3]],
  }),
  rejected: count("How many records of the part that was read would be rejected.", 0),
  rejects: z.array(reject).max(INSPECTED_ROWS_MAX).meta({
    description: "The first of them: five, or as many as `rows` says.",
  }),
  doubts: z.array(doubt).meta({
    description:
      "What the file does not prove, and what would settle it. An empty list means that " +
      "every fact above is shown by the file or its preset.",
  }),
}).meta({ id: "Inspection", description: "What a file is and how it would be imported." });

/** {@link inspectionSchema} as a type. */
export type InspectionBody = z.infer<typeof inspectionSchema>;

const preset = z.strictObject({
  name: text("Its name, as `preset` takes it.", "netz-noe"),
  title: text("Whose files they are.", "Netz Niederösterreich (Austria): quarter hours"),
  source: z.strictObject({
    title: text("Its title.", "Netz NÖ, Smart Meter web portal"),
    url: text("Its address.", "https://smartmeter.netz-noe.at"),
  }).meta({ description: "Where the shape of the file is documented or shown." }),
  format: z.enum(["csv", "nem12", "espi"]).meta({
    description: "The format of the files.",
    examples: ["csv"],
  }),
  signature: z.strictObject({
    columns: z.array(z.string()).meta({
      description: "Columns that such a file has, besides others.",
      examples: [["Messzeitpunkt", "Verbrauch (kWh)"]],
    }),
    cells: z.record(z.string(), z.string()).meta({
      description: "Texts that columns have; `*` stands for any text.",
      examples: [{}],
    }),
    preamble: nullable(z.string(), "A text in the lines before the header.", "Courbe de charge"),
  }).meta({ description: "By what such a file is known." }),
  options: parameters,
  meter: nullable(z.string(), "The column of meters, for a file of several.", "MPAN"),
  variant_of: nullable(
    z.string(),
    "The preset that it only adds something to, such as the zone of one utility.",
    "opower",
  ),
}).meta({ id: "Preset", description: "The options for a known shape of file." });

/** All presets. */
export const presetListSchema = z.strictObject({
  presets: z.array(preset).meta({ description: "In the order of names." }),
}).meta({ id: "PresetList", description: "The presets." });

/** {@link presetListSchema} as a type. */
export type PresetListBody = z.infer<typeof presetListSchema>;
