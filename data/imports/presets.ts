/**
 * All presets: a table of known files. To add one, add an entry to the files of this table, and a
 * sample of it in `tests/data/imports/preset_samples`.
 *
 * @module
 */

import type { Preset } from "./preset.ts";
import { EUROPEAN_PRESETS } from "./presets_europe.ts";
import { WORLD_PRESETS } from "./presets_world.ts";

/** Every preset, in the order of names. */
export const PRESETS: readonly Preset[] = [...EUROPEAN_PRESETS, ...WORLD_PRESETS]
  .toSorted((one, other) => one.name < other.name ? -1 : 1);

/** The preset of a name, or undefined. */
export function presetNamed(name: string): Preset | undefined {
  return PRESETS.find((preset) => preset.name === name);
}
