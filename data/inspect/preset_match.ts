/**
 * Which presets fit a file.
 *
 * @module
 */

import type { Preset } from "../imports/preset.ts";
import { PRESETS } from "../imports/presets.ts";
import type { SampleColumn } from "./time_columns.ts";

/** What a file shows of itself to compare with presets. */
export interface PresetEvidence {
  /** Its format. */
  readonly format: string;
  /** Its columns. */
  readonly columns: readonly SampleColumn[];
  /** The lines before its header. */
  readonly preamble: readonly string[];
}

/**
 * The presets that a file fits, those with the most columns first. Variants of a preset, which differ
 * in what a file does not show, are not among them.
 */
export function matchPresets(evidence: PresetEvidence): Preset[] {
  return PRESETS.filter((preset) => preset.variantOf === null && fits(preset, evidence))
    .toSorted((one, other) => weightOf(other) - weightOf(one));
}

/** The presets that differ from one only in what a file does not show. */
export function variantsOf({ name }: Preset): Preset[] {
  return PRESETS.filter(({ variantOf }) => variantOf === name);
}

function weightOf({ columns, cells }: Preset): number {
  return columns.length + Object.keys(cells).length;
}

function fits(preset: Preset, { format, columns, preamble }: PresetEvidence): boolean {
  if (preset.format !== format) return false;
  // Formats other than tables are known by themselves.
  if (format !== "csv") return true;
  const named = (name: string) => columns.find((column) => isLike(column.name, name));
  return preset.columns.length > 0 && preset.columns.every((name) => named(name) !== undefined) &&
    Object.entries(preset.cells).every(([name, text]) =>
      named(name)?.values.some((value) => isLike(value, text)) ?? false
    ) &&
    (preset.preamble === null || preamble.some((line) => line.includes(preset.preamble ?? "")));
}

/** Whether a text is a pattern's text, in any case; a `*` stands for any text. */
function isLike(text: string, pattern: string): boolean {
  const parts = pattern.toLowerCase().split("*");
  const given = text.toLowerCase();
  if (parts.length === 1) return given === parts[0];
  let at = parts[0].length;
  if (!given.startsWith(parts[0])) return false;
  for (const part of parts.slice(1, -1)) {
    const found = given.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  const last = parts[parts.length - 1];
  return given.length - last.length >= at && given.endsWith(last);
}
