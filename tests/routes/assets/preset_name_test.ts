import { presetNameOf } from "../../../routes/assets/preset_name.js";
import { assertEquals } from "../../support/assert.ts";

const own = (name: string, title: string) => ({ name, title, isOwn: true });

Deno.test("presetNameOf() writes a title in letters that a name may have", () => {
  assertEquals(presetNameOf("Zähler der Scheune 1!", []), "zahler-der-scheune-1");
  assertEquals(presetNameOf("電力量計", []), "preset");
  assertEquals(presetNameOf("x".repeat(100), []), "x".repeat(64));
});

Deno.test("presetNameOf() takes no name of a preset that has another title", () => {
  assertEquals(presetNameOf("barn 1", [own("barn-1", "Barn 1!")]), "barn-1-2");
  const many = [own("preset", "電力量計"), own("preset-2", "счётчик")];
  assertEquals(presetNameOf("μετρητής", many), "preset-3");
  const long = presetNameOf("x".repeat(70), [own("x".repeat(64), "x")]);
  assertEquals(long, `${"x".repeat(62)}-2`);
  // One that is built in cannot be replaced.
  assertEquals(presetNameOf("Volkszähler", [{ name: "volkszahler", title: "V" }]), "volkszahler-2");
});

Deno.test("presetNameOf() gives the name of the saved preset that has the title, to replace it", () => {
  const saved = [own("preset", "電力量計"), own("preset-2", "счётчик")];
  assertEquals(presetNameOf("счётчик", saved), "preset-2");
  assertEquals(presetNameOf("счётчик", saved.slice(1)), "preset-2");
});
