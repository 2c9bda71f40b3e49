/**
 * Presets of imports that callers save, over HTTP.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError } from "../../data/app_error.ts";
import { presetNamed } from "../../data/imports/presets.ts";
import {
  IMPORT_PRESET_NAME_PATTERN,
  IMPORT_PRESET_NAME_RULE,
  IMPORT_PRESETS_MAX,
  JSON_BODY_MAX_BYTES,
} from "../../data/limits.ts";
import { UPLOAD_FORMATS } from "../../data/meter_files/open_reader.ts";
import { quoted } from "../../data/quoted.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import { instantText } from "../../data/time/time_text.ts";
import {
  deleteImportPreset,
  getImportPreset,
  type ImportPresetRecord,
  listImportPresets,
  putImportPreset,
} from "../../kv/meters/import_presets.ts";
import { noteAuditChange } from "../access/audited.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { fieldErrors, readJson } from "../http/json_body.ts";
import { invalidRequest } from "../http/problem.ts";
import {
  type ImportPresetBody,
  importPresetChange,
  type ImportPresetListBody,
} from "./import_preset_schemas.ts";
import { readImportQuery } from "./import_query.ts";

/** The largest options, as JSON: a value of the database has 65,536 bytes. */
const OPTIONS_MAX_BYTES = 32_768;

/** What the routes need. */
export interface ImportPresetDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** The routes under `/api/import-presets`. A caller sees its own presets only. */
export function importPresetRoutes({ kv, now }: ImportPresetDeps): GuardedRoutes {
  return guardedRoutes()
    .get("/api/import-presets", async (c) => {
      const presets = await listImportPresets(kv, c.get("caller").owner);
      return c.json(
        {
          presets: presets.map(({ name, preset }) => presetBody(name, preset)),
        } satisfies ImportPresetListBody,
      );
    })
    .get("/api/import-presets/:name", async (c) => {
      const name = presetName(c);
      const preset = await getImportPreset(kv, c.get("caller").owner, name);
      if (preset === null) throw unknownPreset(name);
      return c.json(presetBody(name, preset));
    })
    .put("/api/import-presets/:name", async (c) => {
      const name = presetName(c);
      if (presetNamed(name) !== undefined) {
        throw new AppError("PRESET_FIXED", `The preset ${name} is built in; take another name`);
      }
      const asked = readPreset(await readJson(c.req.raw, JSON_BODY_MAX_BYTES));
      const { owner } = c.get("caller");
      const saved = await putImportPreset(kv, { owner, name, ...asked, nowMs: now() });
      if (saved === null) {
        throw new AppError(
          "TOO_MANY_PRESETS",
          `You can have at most ${IMPORT_PRESETS_MAX} presets; delete some`,
        );
      }
      const { before, after } = saved;
      noteAuditChange(c, before && auditedFields(before), auditedFields(after));
      return c.json(presetBody(name, after), before === null ? 201 : 200);
    })
    .delete("/api/import-presets/:name", async (c) => {
      const name = presetName(c);
      const before = await deleteImportPreset(kv, c.get("caller").owner, name);
      if (before === null) throw unknownPreset(name);
      noteAuditChange(c, auditedFields(before), {});
      return c.body(null, 204);
    });
}

function presetName(c: Context): string {
  const name = c.req.param("name") ?? "";
  if (IMPORT_PRESET_NAME_PATTERN.test(name)) return name;
  const detail = `The preset's name must be ${IMPORT_PRESET_NAME_RULE}`;
  throw invalidRequest([{ pointer: "#name", detail, value: quoted(name) }]);
}

/** What a body asks for. Its options are checked as those of an import. */
function readPreset(body: unknown): Pick<ImportPresetRecord, "title" | "options"> {
  const given = importPresetChange.safeParse(body);
  if (!given.success) throw invalidRequest(fieldErrors(given.error, body));
  const { title } = given.data;
  const options = Object.fromEntries(
    Object.entries(given.data.options).flatMap(([name, values]) =>
      values === undefined ? [] : [[name, values]]
    ),
  );
  if (JSON.stringify(options).length > OPTIONS_MAX_BYTES) {
    const detail = `options must have at most ${OPTIONS_MAX_BYTES} bytes as JSON`;
    throw invalidRequest([{ pointer: "/options", detail }]);
  }
  requireOptions(options);
  return { title: title ?? "", options };
}

/** @throws {AppError} INVALID_REQUEST with everything that is wrong with the options. */
function requireOptions(options: ImportPresetRecord["options"]): void {
  const own = presetNamed(options.preset?.[0] ?? "")?.options.format;
  const format = options.format?.[0] ?? own;
  try {
    readImportQuery(options, {
      format: UPLOAD_FORMATS.find((one) => one === format) ?? "csv",
      isOfManyMeters: options.meter !== undefined,
      profile: PROFILES.meter,
      timezone: null,
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw invalidRequest(error.errors.map((one) => ({
      ...one,
      pointer: one.pointer.replace(/^#/, "/options/").replaceAll(".", "/"),
    })));
  }
}

function presetBody(
  name: string,
  { title, options, createdMs, updatedMs }: ImportPresetRecord,
): ImportPresetBody {
  return {
    name,
    title,
    options,
    created_at: instantText(createdMs),
    updated_at: instantText(updatedMs),
  };
}

function auditedFields({ title, options }: ImportPresetRecord): Record<string, unknown> {
  return { title, options };
}

function unknownPreset(name: string): AppError {
  return new AppError("PRESET_NOT_FOUND", `You have no preset ${name}`);
}
