import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { presetNamed, PRESETS } from "../../../data/imports/presets.ts";
import { PRESET_SAMPLES } from "../inspect/preset_samples.ts";
import { found } from "../inspect/found.ts";

/** Formats that the tests of `data/meter_files` have samples of. */
const OF_METER_FILES = ["nem12", "green-button"];

Deno.test("presets have names of their own, titles, and sources that anybody can open", () => {
  assert(PRESETS.length >= 20);
  const names = PRESETS.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  for (const { name, title, source } of PRESETS) {
    assertMatch(name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
    assert(title.length > 10 && source.title.length > 5, name);
    assertMatch(source.url, /^https:\/\/[a-z]/);
  }
});

Deno.test("each preset has a sample", () => {
  const sampled = PRESET_SAMPLES.map(({ preset }) => preset);
  assertEquals(
    [...sampled, ...OF_METER_FILES].toSorted(),
    PRESETS.map(({ name }) => name).toSorted(),
  );
});

Deno.test("a variant adds to a preset and changes nothing of it", () => {
  const variants = PRESETS.filter(({ variantOf }) => variantOf !== null);
  assert(variants.length > 0);
  for (const { variantOf, options, columns } of variants) {
    const base = presetNamed(variantOf ?? "");
    assert(base !== undefined);
    assertEquals(base.columns, columns);
    for (const [name, value] of Object.entries(base.options)) assertEquals(options[name], value);
  }
});

for (const { preset, text } of PRESET_SAMPLES) {
  Deno.test(`a file of ${preset} is known as such`, () => {
    const inspection = found(text);
    const expected = presetNamed(preset);
    assertEquals(inspection.presets[0]?.name, expected?.variantOf ?? preset);
    assert(inspection.presets.some(({ name }) => name === preset));
    assert(inspection.isImportable, inspection.kind.advice ?? "");
  });
}
