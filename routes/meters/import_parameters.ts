/**
 * The parameters of uploads of readings, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import { IMPORT_PRESET_NAME_PATTERN } from "../../data/limits.ts";
import type { Parameter } from "../openapi/operation.ts";
import { contentEncoding } from "../openapi/upload_parts.ts";
import { importQuery } from "./import_schemas.ts";
import { textParameters, timeParameters } from "./import_text_parameters.ts";

const { shape } = importQuery;

/** The name of a column or property. */
const name = z.string().min(1).max(100);
/** An entry of `map`. */
const METRIC_COLUMN = /^.+:[A-Za-z][A-Za-z0-9_]*(:[A-Za-z]+)?$/;

/** The parameters of an upload of readings. */
export const uploadParameters: readonly Parameter[] = [
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
      "The options for a known shape of file, by a name that `GET /api/presets` lists, or one that " +
      "you saved (`GET /api/import-presets`). Other parameters override the options of the preset.",
    schema: z.string().regex(IMPORT_PRESET_NAME_PATTERN),
    example: "household-power",
  },
  {
    in: "query",
    name: "format",
    description:
      "What the upload is; by default what its media type says. `text/csv` that begins as " +
      "NEM12 is NEM12; `application/zip` and `application/octet-stream` go by the first bytes.",
    schema: shape.format,
    example: "nem12",
  },
  {
    in: "query",
    name: "register",
    description:
      "Which meter of a file of many is read, by its id there; `left_out` has the others. " +
      "An upload into one meter takes the records with the meter's own id by default; of NEM12 and " +
      "ESPI, the first series if none has it. Of CSV and JSON, `meter` names the column of ids, and " +
      "`register=*` takes all records.",
    schema: name,
    example: "VABD000163_E1",
  },
  {
    in: "query",
    name: "meter",
    description:
      "The column or property with the ids of meters; `smart_meter_id` by default. An upload into " +
      "one meter need not have it. If it does, `smart_meter_id` must be the id in the address; of a " +
      "column that `meter` names, the records with that id, or with `register`, are read. A file " +
      "that seems to have several meters is refused without it.",
    schema: name,
    example: "MPAN",
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
  ...textParameters,
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
      "`s` `S` and `X` `XX` `XXX`. 24:00 is the next midnight. `n` and `nn` are the number of an " +
      "interval of the day, from 1, instead of a clock: 25 hours on the day the clock goes back. Or " +
      "`iso` (default), `unix` (seconds), `unix_ms`, or `auto`: the form that the first 1,000 rows " +
      "have. If they fit two, such as day or month first, the answer is 400 and shows both.",
    schema: z.string().min(1),
    example: "dd/MM/yyyy HH:mm:ss",
  },
  {
    in: "query",
    name: "timezone",
    description:
      "The zone of times without an offset: an IANA name or a fixed offset; UTC by default. With " +
      "ESPI only for files that hold local time as if it were UTC.",
    schema: z.string().min(1),
    example: "Europe/Paris",
  },
  ...timeParameters,
  {
    in: "query",
    name: "values",
    description:
      "Whether energies are those of intervals (`interval`, default) or values of a register that " +
      "only grows (`cumulative`). Of a register the difference to the next reading is kept, under " +
      "the earlier time. There is no energy where the next reading is missing or further away than " +
      "1.5 intervals (a gap), where the register fell (a reset, or another meter), and where it rose " +
      "as no load does (another meter). All of them are reported. `NaN` is a missing value then.",
    schema: z.enum(["interval", "cumulative"]),
    example: "interval",
  },
  {
    in: "query",
    name: "rollover",
    description:
      "The value at which a register begins at 0 again, in the unit of its column. A fall " +
      "from its last tenth to its first is a rollover then, instead of a reset; it gives no energy " +
      "either. For `values=cumulative`.",
    schema: z.string().regex(/^\d+(\.\d+)?$/),
    example: "100000",
  },
  {
    in: "query",
    name: "layout",
    description:
      "CSV only: `long` (default) if each record is a reading, `day-per-row` if it is a day with 24, " +
      "48, 96, 144 or 288 columns of intervals. They are found by the times in their names (`00:30`), " +
      "by numbers from 1 (`H1`), or by their count. Numbers count the intervals of a day, which may " +
      "have 23 or 25 hours on the clock. `timestamp` names the column of dates, `yyyy-MM-dd` unless " +
      "`timestamp_format` says otherwise. The values are in kWh; `map=*:power_kw:W` says otherwise.",
    schema: z.enum(["long", "day-per-row"]),
    example: "long",
  },
  {
    in: "query",
    name: "derive",
    description:
      "`power` computes it from energy and the length of the interval, `energy` from power: for each " +
      "reading that does not have it. The length is `interval`, or the time to the next reading. " +
      "Results that are no finite decimals are rounded half up to 6 decimals.",
    schema: z.enum(["power", "energy"]),
    example: "power",
  },
  {
    in: "query",
    name: "map",
    description: "Which column holds which metric: `column:metric` or `column:metric:unit`, " +
      "several times or with commas. Units: kWh, Wh, MWh; kW, W, MW; V, mV, kV; A, mA, kA. " +
      "Without a unit it is the one in the name of the column, as in `Verbrauch (Wh)`. Columns of other metrics go by the names of the metrics.",
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
