/**
 * What the files of a profile and layout have in common, as a name. Encoders prepare it once for many
 * files.
 *
 * @module
 */

import type { KeyLayout } from "./object_key.ts";
import type { ExportWindow } from "./rows.ts";

/** The same for windows whose files have the same form: by value, as a worker gets copies of profiles. */
export function formName({ profile }: Pick<ExportWindow, "profile">, layout: KeyLayout): string {
  const metrics = profile.metrics.map(({ name, unit }) => [name, unit]);
  return JSON.stringify([layout, profile.name, metrics]);
}
