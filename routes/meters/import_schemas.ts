/**
 * The query of an import as a schema.
 *
 * It checks only what a parameter alone can get wrong. `data/imports/dialect_options.ts` checks the
 * rest, and `import_operation.ts` documents it.
 *
 * @module
 */

import { z } from "zod";
import { PRESETS } from "../../data/imports/presets.ts";
import { UPLOAD_FORMATS } from "../../data/meter_files/open_reader.ts";

const presetNames = PRESETS.map(({ name }) => name);

const REGISTER_RULE = "register must be 1 to 100 characters";

/** The query as text. Parameters that may have several values are lists. */
export const importQuery = z.strictObject({
  preset: z.enum(
    presetNames,
    "preset must be a name that GET /api/presets or GET /api/import-presets lists",
  ).optional(),
  dry_run: z.enum(["true", "false"], "dry_run must be true or false").optional(),
  format: z.enum(UPLOAD_FORMATS, `format must be ${UPLOAD_FORMATS.join(" or ")}`).optional(),
  meter: z.string().optional(),
  register: z.string().min(1, REGISTER_RULE).max(100, REGISTER_RULE).optional(),
  delimiter: z.string().optional(),
  decimal: z.enum([".", ","], "decimal must be . or ,").optional(),
  timestamp: z.array(z.string()).optional(),
  timestamp_format: z.string().optional(),
  timezone: z.string().optional(),
  encoding: z.string().optional(),
  thousands: z.string().optional(),
  stamp: z.string().optional(),
  interval: z.string().optional(),
  ambiguous: z.string().optional(),
  nonexistent: z.string().optional(),
  values: z.string().optional(),
  rollover: z.string().optional(),
  layout: z.string().optional(),
  derive: z.string().optional(),
  map: z.array(z.string()).optional(),
  missing: z.array(z.string()).optional(),
});
