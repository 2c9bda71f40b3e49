/**
 * The options of an import as a form: every guess of the inspection can be changed.
 *
 * @module
 */

import { context } from "./context.js";
import { make } from "./elements.js";

/**
 * @typedef {object} Option
 * @property {string} name The parameter.
 * @property {"times" | "numbers" | "file"} group
 * @property {readonly string[]} [choices] All values; absent for a free text.
 * @property {string} [list] The id of a list of proposals.
 */

/** @type {readonly Option[]} */
const OPTIONS = [
  { name: "timestamp", group: "times", list: "upload-columns" },
  { name: "timestamp_format", group: "times", list: "upload-formats" },
  { name: "timezone", group: "times", list: "upload-zones" },
  { name: "stamp", group: "times", choices: ["start", "end"] },
  { name: "interval", group: "times", list: "upload-intervals" },
  { name: "ambiguous", group: "times", choices: ["sequence", "first", "second"] },
  { name: "nonexistent", group: "times", choices: ["reject", "shift"] },
  { name: "decimal", group: "numbers", choices: [".", ","] },
  { name: "thousands", group: "numbers", choices: [".", ",", "space", "apostrophe"] },
  { name: "values", group: "numbers", choices: ["interval", "cumulative"] },
  { name: "rollover", group: "numbers" },
  { name: "derive", group: "numbers", choices: ["power", "energy"] },
  { name: "missing", group: "numbers" },
  { name: "preset", group: "file", choices: [] },
  { name: "format", group: "file", choices: ["csv", "json", "ndjson", "nem12", "espi"] },
  { name: "delimiter", group: "file", choices: [",", ";", "tab", "|", " "] },
  {
    name: "encoding",
    group: "file",
    choices: ["auto", "utf-8", "windows-1252", "iso-8859-1", "utf-16le", "utf-16be"],
  },
  { name: "layout", group: "file", choices: ["long", "day-per-row"] },
  { name: "meter", group: "file", list: "upload-columns" },
  { name: "register", group: "file" },
];

/** The metrics that a column may hold, and their units. */
const METRICS = {
  energy_kwh: ["kWh", "Wh", "MWh"],
  power_kw: ["kW", "W", "MW"],
  voltage_v: ["V", "mV", "kV"],
  current_a: ["A", "mA", "kA"],
};

/**
 * @typedef {object} Preset
 * @property {string} name
 * @property {string} title
 * @property {Record<string, string[]>} options
 * @property {boolean} [isOwn] Whether the user saved it.
 */

/**
 * Parameters by name, each with its values.
 *
 * @typedef {Map<string, string[]>} Parameters
 */

/**
 * Fills the lists of proposals.
 *
 * @param {any} inspection
 */
export function fillLists(inspection) {
  fill("upload-columns", inspection.columns.map((/** @type {any} */ { name }) => name));
  fill("upload-formats", [
    ...inspection.time?.formats ?? [],
    "iso",
    "unix",
    "unix_ms",
    "auto",
    "dd.MM.yyyy HH:mm",
    "MM/dd/yyyy HH:mm",
  ]);
  fill("upload-intervals", ["1m", "5m", "10m", "15m", "30m", "1h", "1d"]);
  const zones = Intl.supportedValuesOf("timeZone");
  fill("upload-zones", ["UTC", ...zones]);
}

/**
 * @param {string} id
 * @param {readonly string[]} values
 */
function fill(id, values) {
  document.getElementById(id)?.replaceChildren(
    ...[...new Set(values)].map((value) => make("option", { value })),
  );
}

/**
 * Shows the options with their values.
 *
 * @param {HTMLElement} place
 * @param {Parameters} parameters
 * @param {{ presets: readonly Preset[], doubted: Set<string>, onChange: () => void }} options
 */
export function showOptions(place, parameters, { presets, doubted, onChange }) {
  const { say } = context();
  const groups = /** @type {const} */ (["times", "numbers", "file"]);
  place.replaceChildren(...groups.map((group) =>
    make(
      "fieldset",
      { class: "options" },
      make("legend", {}, say(`upload.group.${group}`)),
      ...OPTIONS.filter((option) => option.group === group).map((option) =>
        controlOf(option, parameters, { presets, isDoubted: doubted.has(option.name), onChange })
      ),
    )
  ));
}

/**
 * @param {Option} option
 * @param {Parameters} parameters
 * @param {{ presets: readonly Preset[], isDoubted: boolean, onChange: () => void }} rest
 */
function controlOf({ name, choices, list }, parameters, { presets, isDoubted, onChange }) {
  const { say } = context();
  const value = parameters.get(name)?.join(",") ?? "";
  const chosen = presets.find((preset) => preset.name === parameters.get("preset")?.[0]);
  const ofPreset = chosen?.options?.[name]?.join(",");
  const named = name === "preset"
    ? presets.map((preset) => [preset.name, preset.title])
    : choices?.map((choice) => [choice, choice === " " ? "␣" : choice]);
  /** @type {HTMLElement} */
  let control;
  if (named === undefined) {
    control = make("input", {
      name,
      value,
      list,
      placeholder: ofPreset,
      autocomplete: "off",
      spellcheck: "false",
    });
  } else {
    const known = named.some(([choice]) => choice === value) || value === "";
    control = make(
      "select",
      { name },
      make(
        "option",
        { value: "" },
        ofPreset === undefined ? say("upload.default") : `(${ofPreset})`,
      ),
      ...[...named, ...known ? [] : [[value, value]]].map(([choice, text]) =>
        make("option", { value: choice, selected: choice === value }, text)
      ),
    );
  }
  control.addEventListener("change", () => {
    if (!(control instanceof HTMLInputElement || control instanceof HTMLSelectElement)) return;
    if (control.value === "") parameters.delete(name);
    else if (name === "timestamp") {
      parameters.set(
        name,
        control.value.split(",").map((part) => part.trim()),
      );
    } else parameters.set(name, [control.value]);
    onChange();
  });
  return make(
    "label",
    { class: isDoubted ? "doubted" : null },
    make("span", {}, say(`upload.option.${name}`), " ", make("code", {}, name)),
    control,
  );
}

/**
 * Shows the columns of the file, each with the metric that it becomes.
 *
 * @param {HTMLElement} body The body of a table.
 * @param {readonly any[]} columns
 * @param {object} options
 * @param {Parameters} options.parameters
 * @param {readonly string[]} [options.ofPreset] What a saved preset maps.
 * @param {() => void} options.onChange
 */
export function showColumns(body, columns, { parameters, ofPreset, onChange }) {
  const { say } = context();
  const map = parameters.get("map") ?? ofPreset;
  const mapped = new Map((map ?? []).map((entry) => {
    const parts = entry.split(":");
    // The name of a column may have colons of its own.
    const unit = isUnit(parts.at(-1)) ? parts.pop() : undefined;
    const metric = parts.pop() ?? "";
    return [parts.join(":"), { metric, unit }];
  }));
  body.replaceChildren(...columns.map(({ name, role, metric, unit, samples }) => {
    const now = mapped.get(name) ?? (map !== undefined ? null : metric && { metric, unit });
    const chosen = now === null || now === undefined || now === ""
      ? ""
      : `${now.metric}:${now.unit ?? unit ?? ""}`;
    const options = Object.entries(METRICS).flatMap(([each, units]) =>
      units.map((one) => [`${each}:${one}`, `${each} (${one})`])
    );
    const known = options.some(([value]) => value === chosen);
    const select = make(
      "select",
      { "aria-label": say("upload.column.metric") + " " + name },
      make(
        "option",
        { value: "" },
        role === "metric" || role === "other"
          ? say("upload.column.none")
          : say(`upload.role.${role}`),
      ),
      ...options.map(([value, text]) =>
        make("option", { value, selected: value === chosen }, text)
      ),
      ...known || chosen === ""
        ? []
        : [make("option", { value: chosen, selected: true }, chosen.replace(/:$/, ""))],
    );
    select.addEventListener("change", () => {
      if (!(select instanceof HTMLSelectElement)) return;
      const own = select.value.replace(/:$/, "");
      if (own === "") mapped.delete(name);
      else {
        const [each, one] = own.split(":");
        mapped.set(name, { metric: each, unit: one });
      }
      const entries = [...mapped].map(([column, { metric: each, unit: one }]) =>
        one === undefined ? `${column}:${each}` : `${column}:${each}:${one}`
      );
      if (entries.length === 0) parameters.delete("map");
      else parameters.set("map", entries);
      onChange();
    });
    return make(
      "tr",
      {},
      make("th", { scope: "row", class: "id" }, name),
      make("td", { class: "muted id" }, samples.join(" · ")),
      make("td", {}, select),
    );
  }));
}

/** @param {string | undefined} text */
function isUnit(text) {
  return Object.values(METRICS).some((units) => units.includes(text ?? ""));
}

/**
 * Parameters as a query string.
 *
 * @param {Parameters} parameters
 */
export function queryOf(parameters) {
  const pairs = [...parameters].flatMap(([name, values]) => values.map((value) => [name, value]));
  return new URLSearchParams(pairs).toString();
}
