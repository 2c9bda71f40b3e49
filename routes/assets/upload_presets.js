/**
 * Presets of imports: those that are built in, and those that one saved. They are used, saved and
 * deleted here.
 *
 * @module
 */

import { context } from "./context.js";
import { make, need } from "./elements.js";
import { presetNameOf } from "./preset_name.js";

const PATH = "/api/import-presets";
/** What belongs to one import only. */
const NOT_SAVED = ["dry_run", "register"];
const { say } = context();

/** @typedef {import("./upload_options.js").Preset} Preset */
/** @typedef {import("./upload_options.js").Parameters} Parameters */

/**
 * All presets, those of the user first.
 *
 * @returns {Promise<readonly Preset[]>}
 */
export async function loadPresets() {
  const [own, known] = await Promise.all(
    [PATH, "/api/presets"].map(async (path) => (await (await fetch(path)).json()).presets),
  );
  return [
    ...own.map((/** @type {Preset} */ preset) => ({
      ...preset,
      title: preset.title === "" ? preset.name : preset.title,
      isOwn: true,
    })),
    ...known,
  ];
}

/**
 * Shows the presets of the user, each with a button that uses it, and the form that saves one.
 *
 * @param {object} page
 * @param {() => Parameters | null} page.parameters The options as they are chosen now.
 * @param {() => readonly Preset[]} page.presets
 * @param {(parameters: Parameters) => void} page.use Takes other options.
 * @param {(presets: readonly Preset[]) => void} page.onPresets Called when presets have changed.
 */
export function startPresets({ parameters, presets, use, onPresets }) {
  const form = need("upload-save"), title = need("upload-save-title");

  /** @param {Preset} preset */
  async function remove({ name, title }) {
    if (!confirm(say("upload.preset.delete.ask", { title }))) return;
    const answer = await fetch(`${PATH}/${encodeURIComponent(name)}`, { method: "DELETE" });
    if (!answer.ok && answer.status !== 404) return tell(await faultOf(answer), true);
    onPresets(await loadPresets());
    tell(say("upload.preset.deleted", { title }), false);
  }

  function show() {
    const own = presets().filter(({ isOwn }) => isOwn === true);
    const chosen = parameters()?.get("preset")?.[0];
    need("upload-own").hidden = own.length === 0;
    need("upload-own-list").replaceChildren(...own.map((preset) => {
      const { name, title } = preset;
      const button = make("button", {
        type: "button",
        class: "small",
        "aria-pressed": String(name === chosen),
      }, title);
      button.addEventListener("click", () => use(new Map([["preset", [name]]])));
      const trash = make("button", {
        type: "button",
        class: "small quiet",
        "aria-label": say("upload.preset.delete", { title }),
      }, "×");
      trash.addEventListener("click", () => remove(preset));
      return make("li", {}, button, trash);
    }));
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const now = parameters();
    if (now === null || !(title instanceof HTMLInputElement)) return;
    const text = title.value.trim();
    if (text === "") return title.focus();
    // Others may have been saved since the page was opened.
    const name = presetNameOf(text, await loadPresets());
    const answer = await fetch(`${PATH}/${name}`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ title: text, options: optionsOf(now, presets()) }),
    });
    if (!answer.ok) return tell(await faultOf(answer), true);
    onPresets(await loadPresets());
    title.value = "";
    tell(say("upload.preset.saved", { name }), false);
  });
  return { show };
}

/**
 * The options to save: those of a saved preset that is chosen, with what was changed since.
 *
 * @param {Parameters} parameters
 * @param {readonly Preset[]} presets
 */
function optionsOf(parameters, presets) {
  const base = presets.find(({ name, isOwn }) =>
    isOwn === true && name === parameters.get("preset")?.[0]
  );
  const changed = [...parameters].filter(([name]) =>
    !NOT_SAVED.includes(name) && (base === undefined || name !== "preset")
  );
  return { ...base?.options, ...Object.fromEntries(changed) };
}

/** @param {Response} answer */
async function faultOf(answer) {
  const { errors, detail = answer.statusText } = await answer.json().catch(() => ({}));
  return String(errors?.[0]?.detail ?? detail);
}

/**
 * @param {string} text
 * @param {boolean} isFault
 */
function tell(text, isFault) {
  const place = need("upload-save-said");
  place.textContent = text;
  place.className = isFault ? "fault" : "hint";
}
