/**
 * A file of each preset, imported by `preset=NAME` and by the request that its inspection proposes.
 *
 * @module
 */

import { assert, assertEquals } from "../../support/assert.ts";
import { type Expected, PRESET_SAMPLES } from "../../data/inspect/preset_samples.ts";
import { presetNamed } from "../../../data/imports/presets.ts";
import { HOUSE, importAsInspected, importBy } from "./inspected_import.ts";

for (const { preset, text, more, readings } of PRESET_SAMPLES) {
  const bytes = new TextEncoder().encode(text);
  const expected = Object.fromEntries(
    Object.entries(readings).map(([id, rows]) => [id === "" ? HOUSE : id, rows.map(lineOf)]),
  );
  const isOfMany = !("" in readings);

  Deno.test(`preset=${preset} reads its file to the readings in it`, async () => {
    const query = new URLSearchParams({ preset, ...more }).toString();
    const path = isOfMany ? "/api/readings" : "/api/meters/{id}/readings";
    const { stored } = await importBy(query, { bytes, path });
    assertEquals(stored, expected);
  });

  Deno.test(`a file of ${preset} loads by its inspection to the same readings`, async () => {
    const variant: Record<string, string> = presetNamed(preset)?.variantOf === null
      ? {}
      : { preset };
    const { found, stored } = await importAsInspected(bytes, { ...variant, ...more });
    assertEquals(stored, expected);
    assert(found.presets.includes(preset));
  });
}

function lineOf([time, values]: Expected): string {
  const { energy_kwh, power_kw, voltage_v, current_a } = values;
  const texts = [energy_kwh, power_kw, voltage_v, current_a].map((value) => value ?? "");
  return `${new Date(time).toISOString().replace(".000Z", "Z")} ${texts.join().replace(/,+$/, "")}`
    .trim();
}
