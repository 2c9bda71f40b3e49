/**
 * What saved presets look like.
 *
 * @module
 */

import { z } from "zod";
import { IMPORT_PRESET_NAME_PATTERN, IMPORT_PRESET_TITLE_MAX } from "../../data/limits.ts";
import { instant } from "../openapi/schema_parts.ts";
import { importQuery } from "./import_schemas.ts";

/** What only one request says, and no preset. */
const OF_ONE_REQUEST: readonly string[] = ["dry_run", "register"];
/** Most values of one parameter, and the longest of them. */
const VALUES_MAX = 100, VALUE_MAX = 1_000;

const TITLE_RULE =
  `title must be at most ${IMPORT_PRESET_TITLE_MAX} characters without control characters`;
const VALUES_RULE = `must be 1 to ${VALUES_MAX} texts of at most ${VALUE_MAX} characters`;

const EXAMPLE = {
  delimiter: [";"],
  decimal: [","],
  timestamp: ["Datum", "Uhrzeit"],
  timestamp_format: ["dd.MM.yyyy HH:mm"],
  timezone: ["Europe/Berlin"],
  map: ["Leistung:power_kw:W"],
};

/** The values of each parameter of an import, but of those that only one request has. */
const options = z.strictObject(
  Object.fromEntries(
    Object.keys(importQuery.shape).filter((name) => !OF_ONE_REQUEST.includes(name)).map((name) => [
      name,
      valuesOf(`${name} ${VALUES_RULE}`).optional(),
    ]),
  ),
  "options must be an object",
);

function valuesOf(rule: string) {
  return z.array(z.string(rule).max(VALUE_MAX, rule), rule).min(1, rule).max(VALUES_MAX, rule);
}

const title = z.string(TITLE_RULE).max(IMPORT_PRESET_TITLE_MAX, TITLE_RULE)
  // deno-lint-ignore no-control-regex
  .regex(/^[^\0-\x1f\x7f]*$/, TITLE_RULE);

/** The body that saves a preset. */
export const importPresetChange = z.strictObject({
  title: title.nullish().meta({
    description: "What people call it.",
    examples: ["Inverter of the barn"],
  }),
  options: options.meta({
    description: "The parameters of an import by name, each with its values, as " +
      "`import.parameters` of an inspection has them. `preset` may name one that is built in.",
    examples: [EXAMPLE],
  }),
}, "The body must be an object").meta({
  id: "ImportPresetChange",
  description: "A preset to save.",
});

/** A saved preset. */
export const importPresetSchema = z.strictObject({
  name: z.string().regex(IMPORT_PRESET_NAME_PATTERN).meta({
    description: "Its name: what an import sends as `preset`.",
    examples: ["barn"],
  }),
  title: z.string().meta({
    description: "What people call it; empty if nobody gave it a title.",
    examples: ["Inverter of the barn"],
  }),
  options: z.record(z.string(), z.array(z.string())).meta({
    description: "The parameters of an import by name, each with its values.",
    examples: [EXAMPLE],
  }),
  created_at: instant("When it was saved first.", "2024-05-01T12:00:00Z"),
  updated_at: instant("When it was saved last.", "2024-05-01T12:00:00Z"),
}).meta({ id: "ImportPreset", description: "A preset that you saved." });

/** The presets of a caller. */
export const importPresetList = z.strictObject({
  presets: z.array(importPresetSchema).meta({ description: "In the order of names." }),
}).meta({ id: "ImportPresetList", description: "The presets that you saved." });

/** {@link importPresetSchema} as a type. */
export type ImportPresetBody = z.infer<typeof importPresetSchema>;
/** {@link importPresetList} as a type. */
export type ImportPresetListBody = z.infer<typeof importPresetList>;
