/**
 * The screen Upload: a file is inspected, its guesses are changed, a dry run shows what would happen,
 * and then it is imported.
 *
 * @module
 */

import { browserZone, context } from "./context.js";
import { takeFiles } from "./drop.js";
import { make, need } from "./elements.js";
import { linesOf, sampleOf } from "./upload_file.js";
import { fillLists, queryOf, showColumns, showOptions } from "./upload_options.js";
import { loadPresets, startPresets } from "./upload_presets.js";
import { showPreview } from "./upload_preview.js";
import { PREVIEW_ROWS, startRuns } from "./upload_runs.js";

/** After a change the page waits so long for the next one, milliseconds. */
const SETTLE_MS = 200;
const { say, formats } = context();

/**
 * What the page knows of the file.
 *
 * @typedef {object} UploadState
 * @property {File} file
 * @property {any} first What the inspection said of it as it is.
 * @property {any} now What it says of the import as it is chosen.
 * @property {readonly string[] | null} lines
 * @property {import("./upload_options.js").Parameters} parameters
 * @property {Record<string, string>} headers
 * @property {string} zone The zone of the days of the file.
 */

/** @type {UploadState | null} */
let state = null;
/** @type {readonly import("./upload_options.js").Preset[]} */
let presets = [];
/** @type {number | undefined} */
let timer;
/** Counts what was asked: answers to anything but the last question are too late. */
let asked = 0;

const runs = startRuns(() => state, target);
const own = startPresets({
  parameters: () => state?.parameters ?? null,
  presets: () => presets,
  use(parameters) {
    if (state === null) return;
    state.parameters = parameters;
    showChoices();
    changed();
  },
  onPresets(all) {
    presets = all;
    showChoices();
  },
});
startChoosing();

/** Takes files from the field, from a drop anywhere on the page, and from the page before. */
function startChoosing() {
  const input = need("upload-file"), area = need("upload-drop");
  input.addEventListener("change", () => {
    if (input instanceof HTMLInputElement) take([...input.files ?? []]);
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    area.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) area.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    take([...event.dataTransfer?.files ?? []]);
  });
  for (const id of ["upload-one", "upload-many", "upload-id"]) {
    need(id).addEventListener("change", changed);
  }
  if (location.hash === "#dropped") takeFiles().then(take).catch(() => {});
}

/** @param {readonly File[]} files */
async function take([file]) {
  if (file === undefined) return;
  const ticket = ++asked;
  clearTimeout(timer);
  // What is imported must not be the file before this one.
  state = null;
  runs.reset();
  need("upload-steps").hidden = true;
  need("upload-fault").hidden = true;
  need("upload-name").textContent = `${file.name} · ${formats.size(file.size)}`;
  need("upload-busy").hidden = false;
  try {
    if (presets.length === 0) presets = await loadPresets();
    if (ticket !== asked) return;
    const first = await inspect(file, {});
    if (ticket !== asked) return;
    const lines = await linesOf(file, first.compression, first.encoding);
    if (ticket !== asked) return;
    state = {
      file,
      first,
      now: first,
      lines,
      parameters: new Map(Object.entries(first.import?.parameters ?? seenParameters(first))),
      headers: first.import?.headers ?? { "content-type": "text/csv" },
      get zone() {
        const preset = presets.find(({ name }) => name === this.parameters.get("preset")?.[0]);
        return (this.parameters.get("timezone") ?? preset?.options.timezone)?.[0] ?? "UTC";
      },
    };
    showFile(state);
  } catch (error) {
    if (ticket !== asked) return;
    showFault(error);
  }
  need("upload-busy").hidden = true;
}

/**
 * What was seen of a table that cannot be imported yet, because something has to be chosen first.
 *
 * @param {any} first
 * @returns {Record<string, string[]>}
 */
function seenParameters({ delimiter, decimal, thousands, encoding, time, layout, meters }) {
  const groups = { " ": "space", "'": "apostrophe" };
  const seen = {
    delimiter: delimiter === "," ? null : delimiter,
    decimal: decimal === "." ? null : decimal,
    thousands: groups[/** @type {" " | "'"} */ (thousands)] ?? thousands,
    encoding: encoding === "utf-8" ? null : encoding,
    timestamp_format: time === null || time.format === "iso" ? null : time.format,
    layout: layout === "long" ? null : layout,
    meter: meters?.column ?? null,
  };
  const pairs = Object.entries(seen).filter(([, value]) => value !== null && value !== undefined);
  return {
    ...Object.fromEntries(pairs.map(([name, value]) => [name, [value]])),
    ...time === null ? {} : { timestamp: time.columns },
  };
}

/**
 * @param {File} file
 * @param {Record<string, string>} query
 */
async function inspect(file, query) {
  const response = await fetch(
    `/api/readings/inspect?${new URLSearchParams({ rows: String(PREVIEW_ROWS), ...query })}`,
    {
      method: "POST",
      body: sampleOf(file),
      headers: { "content-type": "application/octet-stream" },
    },
  );
  const body = await response.json();
  if (!response.ok) throw new Error(body.errors?.[0]?.detail ?? body.detail ?? response.statusText);
  return body;
}

/** @param {unknown} error */
function showFault(error) {
  const place = need("upload-fault");
  place.textContent = `${say("upload.fault")} ${error instanceof Error ? error.message : error}`;
  place.hidden = false;
}

/** @param {UploadState} shown */
function showFile(shown) {
  const { first, file } = shown;
  need("upload-steps").hidden = false;
  const many = first.import?.path === "/api/readings";
  const id = /^\/api\/meters\/(.+)\/readings$/.exec(first.import?.path ?? "")?.[1] ?? "{id}";
  setChecked(many ? "upload-many" : "upload-one");
  setValue("upload-id", id === "{id}" ? idFrom(file.name) : decodeURIComponent(id));
  need("upload-many-hint").textContent = first.meters === null ? "" : say("upload.meters", {
    count: first.meters.count,
    ids: first.meters.ids.slice(0, 5).join(", "),
  });
  fillLists(first);
  showChoices();
  showResult();
}

/** @param {string} id */
function setChecked(id) {
  const radio = need(id);
  if (radio instanceof HTMLInputElement) radio.checked = true;
}

/**
 * @param {string} id
 * @param {string} value
 */
function setValue(id, value) {
  const input = need(id);
  if (input instanceof HTMLInputElement) input.value = value;
}

/**
 * An id that the name of a file gives.
 *
 * @param {string} name
 */
function idFrom(name) {
  return name.replace(/(\.[a-z0-9]{1,5}){1,2}$/i, "").replaceAll(/[^A-Za-z0-9_.:-]+/g, "_").slice(
    0,
    64,
  );
}

/** Where the file goes: the address, and the meter to watch. */
function target() {
  const many = need("upload-many"), id = need("upload-id");
  const isMany = many instanceof HTMLInputElement && many.checked;
  const own = id instanceof HTMLInputElement ? id.value.trim() : "";
  return {
    isMany,
    id: isMany ? state?.first.meters?.ids[0] ?? null : own,
    path: isMany ? "/api/readings" : `/api/meters/${encodeURIComponent(own)}/readings`,
  };
}

function showChoices() {
  if (state === null) return;
  const { first, parameters } = state;
  const doubted = new Set(first.doubts.map((/** @type {any} */ { about }) => about));
  showOptions(need("upload-options"), parameters, { presets, doubted, onChange: changed });
  const preset = presets.find(({ name }) => name === parameters.get("preset")?.[0]);
  showColumns(need("upload-columns-body"), first.columns, {
    parameters,
    ofPreset: preset?.isOwn === true ? preset.options.map : undefined,
    onChange: changed,
  });
  own.show();
  need("upload-columns-table").hidden = first.columns.length === 0;
}

/** Something was changed: what was seen before no longer counts. */
function changed() {
  if (state === null) return;
  clearTimeout(timer);
  runs.reset();
  const ticket = ++asked;
  timer = setTimeout(async () => {
    if (state === null) return;
    const { isMany } = target();
    try {
      const now = await inspect(state.file, {
        import: queryOf(state.parameters),
        into: isMany ? "many" : "one",
      });
      if (ticket !== asked || state === null) return;
      state.now = now;
      showResult();
    } catch (error) {
      if (ticket === asked) showFault(error);
    }
  }, SETTLE_MS);
}

/** What the file is, what is doubtful about it, its readings, and the call. */
function showResult() {
  if (state === null) return;
  const { now, first, lines, file } = state;
  const facts = [
    now.title,
    now.encoding,
    now.delimiter === null ? null : `${say("upload.option.delimiter")} ${now.delimiter}`,
    now.interval === null
      ? null
      : say("upload.every", { interval: formats.interval(now.interval) }),
    now.compression,
  ].filter((fact) => fact !== null);
  need("upload-facts").textContent = facts.join(" · ");
  const refusal = need("upload-refusal");
  refusal.hidden = now.importable;
  refusal.textContent = now.advice ?? "";
  showDoubts(now.importable ? now.doubts : first.doubts);
  showPreview(need("upload-preview"), { inspection: now, lines });
  for (const id of ["upload-dry", "upload-import"]) {
    const button = need(id);
    if (button instanceof HTMLButtonElement) button.disabled = !now.importable;
  }
  need("upload-call").textContent = callOf(file.name);
}

/** @param {readonly { about: string, detail: string, settle: string | null }[]} doubts */
function showDoubts(doubts) {
  need("upload-doubts-card").hidden = doubts.length === 0;
  need("upload-doubts").replaceChildren(...doubts.map(({ about, detail, settle: proposed }) => {
    // The zone of a doubt is an example; that of the browser is a better guess.
    const settle = about === "timezone" ? `timezone=${browserZone()}` : proposed;
    const pairs = settle === null ? [] : [...new URLSearchParams(settle)];
    // A proposal such as `timezone=Europe/…` is no value.
    const isWhole = pairs.length > 0 &&
      pairs.every(([, value]) => value !== "" && !value.includes("…"));
    const button = isWhole && settle !== null
      ? make("button", { type: "button", class: "small" }, say("upload.settle", { settle }))
      : null;
    button?.addEventListener("click", () => {
      for (const [name, value] of pairs) state?.parameters.set(name, [value]);
      showChoices();
      changed();
    });
    return make("li", {}, make("span", {}, detail), button);
  }));
}

/**
 * The request as a command. Names of files may have any characters.
 *
 * @param {string} name
 */
function callOf(name) {
  if (state === null) return "";
  const headers = Object.entries(state.headers).map(([key, value]) =>
    ` \\\n  -H '${key}: ${value}'`
  );
  const query = queryOf(state.parameters);
  const url = `${location.origin}${target().path}${query === "" ? "" : `?${query}`}`;
  return `curl ${quoted(url)}${headers.join("")} \\\n  --data-binary ${quoted(`@${name}`)}`;
}

/** @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
