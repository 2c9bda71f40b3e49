/**
 * Presets of imports that users saved: the options for files that they get again and again.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["import_preset", owner, name]` | {@link ImportPresetRecord} | whoever saves or deletes a preset |
 * | `["import_preset", owner]` | `true`; its versionstamp is that of the last change of any of them | with every change |
 *
 * @module
 */

import { z } from "zod";
import { IMPORT_PRESETS_MAX } from "../../data/limits.ts";

const SPACE = "import_preset";

const recordSchema = z.object({
  v: z.literal(1),
  title: z.string(),
  options: z.record(z.string(), z.array(z.string())),
  createdMs: z.number(),
  updatedMs: z.number(),
});

/** A saved preset. `options` are parameters of an import by name, each with its values. */
export type ImportPresetRecord = z.infer<typeof recordSchema>;

/** A saved preset and its name. */
export interface NamedImportPreset {
  /** The name. */
  readonly name: string;
  /** The preset. */
  readonly preset: ImportPresetRecord;
}

/** What a preset was before it was saved, null for none, and what it is now. */
export interface ImportPresetChange {
  /** Before. */
  readonly before: ImportPresetRecord | null;
  /** Now. */
  readonly after: ImportPresetRecord;
}

/** A preset of an owner; null if there is none of this name. */
export async function getImportPreset(
  kv: Pick<Deno.Kv, "get">,
  owner: string,
  name: string,
): Promise<ImportPresetRecord | null> {
  const { value, versionstamp } = await kv.get([SPACE, owner, name]);
  return versionstamp === null ? null : recordSchema.parse(value);
}

/** All presets of an owner by name: at most {@link IMPORT_PRESETS_MAX}. */
export async function listImportPresets(
  kv: Pick<Deno.Kv, "list">,
  owner: string,
): Promise<NamedImportPreset[]> {
  return await Array.fromAsync(kv.list({ prefix: [SPACE, owner] }), ({ key, value }) => ({
    name: String(key[2]),
    preset: recordSchema.parse(value),
  }));
}

/** Saves a preset, a new one or in the place of another. Null if the owner has as many as can be. */
export async function putImportPreset(
  kv: Pick<Deno.Kv, "get" | "list" | "atomic">,
  { owner, name, title, options, nowMs }:
    & { readonly owner: string; readonly name: string; readonly nowMs: number }
    & Pick<ImportPresetRecord, "title" | "options">,
): Promise<ImportPresetChange | null> {
  for (;;) {
    const version = await kv.get([SPACE, owner]);
    const all = await listImportPresets(kv, owner);
    const before = all.find((one) => one.name === name)?.preset ?? null;
    if (before === null && all.length >= IMPORT_PRESETS_MAX) return null;
    const createdMs = before?.createdMs ?? nowMs;
    const after: ImportPresetRecord = { v: 1, title, options, createdMs, updatedMs: nowMs };
    const op = kv.atomic().check(version).set([SPACE, owner], true);
    if ((await op.set([SPACE, owner, name], after).commit()).ok) return { before, after };
  }
}

/** Deletes a preset. Null if there is none of this name. */
export async function deleteImportPreset(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  owner: string,
  name: string,
): Promise<ImportPresetRecord | null> {
  for (;;) {
    const entry = await kv.get([SPACE, owner, name]);
    if (entry.versionstamp === null) return null;
    const op = kv.atomic().check(entry).delete(entry.key).set([SPACE, owner], true);
    if ((await op.commit()).ok) return recordSchema.parse(entry.value);
  }
}
