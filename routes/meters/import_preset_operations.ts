/**
 * The operations under `/api/import-presets`, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import {
  IMPORT_PRESET_NAME_PATTERN,
  IMPORT_PRESET_NAME_RULE,
  IMPORT_PRESETS_MAX,
} from "../../data/limits.ts";
import type { Operation, Parameter } from "../openapi/operation.ts";
import {
  importPresetChange,
  importPresetList,
  importPresetSchema,
} from "./import_preset_schemas.ts";

function nameParameter(example: string): Parameter {
  return {
    in: "path",
    name: "name",
    description: `The preset's name: ${IMPORT_PRESET_NAME_RULE}.`,
    schema: z.string().regex(IMPORT_PRESET_NAME_PATTERN),
    example,
  };
}

const list: Operation = {
  method: "get",
  path: "/api/import-presets",
  id: "listImportPresets",
  tag: "Meters",
  summary: "List saved presets",
  description:
    "Returns the presets that you saved. `GET /api/presets` lists those that are built in.",
  answers: [{
    status: 200,
    description: "Your presets.",
    content: [{ mediaType: "application/json", schema: importPresetList }],
  }],
  problems: [],
};

const get: Operation = {
  method: "get",
  path: "/api/import-presets/{name}",
  id: "getImportPreset",
  tag: "Meters",
  summary: "Get a saved preset",
  description: "Returns the options of a preset that you saved.",
  parameters: [nameParameter("barn")],
  answers: [{
    status: 200,
    description: "The preset.",
    content: [{ mediaType: "application/json", schema: importPresetSchema }],
  }],
  problems: ["INVALID_REQUEST", "PRESET_NOT_FOUND"],
};

const put: Operation = {
  method: "put",
  path: "/api/import-presets/{name}",
  id: "putImportPreset",
  tag: "Meters",
  summary: "Save a preset",
  description:
    "Saves the options of an import under a name. `preset=NAME` in an import or an inspection then " +
    "stands for them; other parameters override them. Only your key sees and uses the preset. " +
    "`meter` counts for files of many meters only.\n\n" +
    `You can have ${IMPORT_PRESETS_MAX} presets. Names of built-in presets are taken.`,
  parameters: [nameParameter("barn")],
  body: [{
    mediaType: "application/json",
    schema: importPresetChange,
    examples: {
      barn: {
        summary: "Semicolons, decimal commas, watts and local time",
        value: {
          title: "Inverter of the barn",
          options: {
            delimiter: [";"],
            decimal: [","],
            timestamp: ["Datum", "Uhrzeit"],
            timestamp_format: ["dd.MM.yyyy HH:mm"],
            timezone: ["Europe/Berlin"],
            map: ["Leistung:power_kw:W"],
          },
        },
      },
      based: {
        summary: "A built-in preset, with other texts for missing values",
        value: { options: { preset: ["household-power"], missing: ["?", "NA"] } },
      },
    },
  }],
  answers: [
    {
      status: 200,
      description: "The preset, which replaces the one of this name.",
      content: [{ mediaType: "application/json", schema: importPresetSchema }],
    },
    {
      status: 201,
      description: "The new preset.",
      content: [{ mediaType: "application/json", schema: importPresetSchema }],
    },
  ],
  problems: [
    "INVALID_REQUEST",
    "MALFORMED_BODY",
    "BODY_TOO_LARGE",
    "UNSUPPORTED_MEDIA_TYPE",
    "PRESET_FIXED",
    "TOO_MANY_PRESETS",
  ],
};

const remove: Operation = {
  method: "delete",
  path: "/api/import-presets/{name}",
  id: "deleteImportPreset",
  tag: "Meters",
  summary: "Delete a saved preset",
  description: "Deletes a preset that you saved. What was imported with it stays.",
  parameters: [nameParameter("barn")],
  answers: [{ status: 204, description: "The preset is deleted." }],
  problems: ["INVALID_REQUEST", "PRESET_NOT_FOUND"],
};

/** All operations on saved presets. */
export const importPresetOperations: readonly Operation[] = [list, get, put, remove];
