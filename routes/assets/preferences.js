/**
 * The display settings of every page: a change counts at once, and the browser keeps it.
 *
 * @module
 */

import { browserZone } from "./context.js";

/** How long a browser keeps a choice, seconds. */
const MAX_AGE_SECONDS = 34_560_000;

/** Makes the form of the settings work without its button. */
export function startPreferences() {
  const zone = browserZone();
  if (!document.cookie.includes(`openwatts_browser_zone=${encodeURIComponent(zone)}`)) {
    keep("openwatts_browser_zone", zone);
  }
  const form = document.getElementById("preferences");
  if (!(form instanceof HTMLFormElement)) return;
  form.querySelector("button[type=submit]")?.setAttribute("hidden", "");
  form.addEventListener("change", (event) => {
    const { target } = event;
    if (target instanceof HTMLSelectElement && target.name === "theme") {
      keep("openwatts_theme", target.value);
      document.documentElement.dataset.theme = target.value;
      document.querySelector("meta[name=color-scheme]")
        ?.setAttribute("content", target.value === "system" ? "light dark" : target.value);
      document.dispatchEvent(new CustomEvent("openwatts:theme"));
      return;
    }
    form.requestSubmit();
  });
  closeWithEscape();
}

/** Escape and a click elsewhere close an open menu. */
function closeWithEscape() {
  const menus = () => [...document.querySelectorAll("details.preferences[open]")];
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus()) {
      menu.removeAttribute("open");
      menu.querySelector("summary")?.focus();
    }
  });
  document.addEventListener("click", (event) => {
    for (const menu of menus()) {
      if (event.target instanceof Node && !menu.contains(event.target)) {
        menu.removeAttribute("open");
      }
    }
  });
}

/**
 * @param {string} name
 * @param {string} value
 */
function keep(name, value) {
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=${MAX_AGE_SECONDS}; ` +
    "samesite=lax";
}
