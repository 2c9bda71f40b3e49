/**
 * The names under which imports name saved presets.
 *
 * @module
 */

/** The most characters of a name. */
const LENGTH_MAX = 64;

/** @typedef {import("./upload_options.js").Preset} Preset */

/**
 * The name for a preset with a title: that of the saved preset which has this title, otherwise one that
 * no preset has. Titles may differ in what names cannot have, such as capitals and letters of other
 * scripts.
 *
 * @param {string} title
 * @param {readonly Pick<Preset, "name" | "title" | "isOwn">[]} presets All presets.
 * @returns {string}
 */
export function presetNameOf(title, presets) {
  const same = presets.find((preset) => preset.isOwn === true && preset.title === title);
  if (same !== undefined) return same.name;
  const taken = new Set(presets.map(({ name }) => name));
  const plain = plainName(title);
  let name = plain;
  for (let count = 2; taken.has(name); count++) {
    const end = `-${count}`;
    name = plain.slice(0, LENGTH_MAX - end.length) + end;
  }
  return name;
}

/** @param {string} title */
function plainName(title) {
  const plain = title.normalize("NFKD").toLowerCase().replaceAll(/\p{M}/gu, "");
  return plain.replaceAll(/[^a-z0-9_]+/g, "-").replace(/^[-_]+/, "").slice(0, LENGTH_MAX)
    .replace(/-+$/, "") || "preset";
}
