/**
 * The screen Export: the preview follows the form, and the list follows the jobs.
 *
 * @module
 */

import { context } from "./context.js";
import { applyFragment, keepFresh } from "./fragment.js";

/** How long the form must rest before the preview is asked for, milliseconds. */
const REST_MS = 250;
/** How often the list is asked for, milliseconds. */
const LIST_MS = 4_000;
/** How many jobs are watched at once: browsers open only six connections to a host. */
const WATCHED_MAX = 2;

const form = document.getElementById("export-form");
const preview = document.getElementById("preview");
const list = document.getElementById("job-list");

/** @param {HTMLFormElement} element */
function queryOf(element) {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(element)) query.append(name, String(value));
  return query;
}

/**
 * Asks for the preview whenever the form rests. Only the last answer counts.
 *
 * @param {HTMLFormElement} element
 * @param {HTMLElement} target
 */
function startPreview(element, target) {
  /** @type {number | undefined} */
  let timer;
  /** @type {AbortController | null} */
  let asking = null;
  const ask = async () => {
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    target.setAttribute("aria-busy", "true");
    try {
      const query = queryOf(element);
      const answer = await fetch(`${target.dataset.fragment}?${query}`, {
        headers: { accept: "text/html" },
        signal,
      });
      if (answer.redirected || answer.status === 401) return location.reload();
      if (answer.ok) applyFragment(target, await answer.text());
      history.replaceState(null, "", `?${query}${location.hash}`);
    } catch (error) {
      // The list says that the service is away.
      if (!signal.aborted) console.debug(error);
    } finally {
      if (!signal.aborted) target.removeAttribute("aria-busy");
    }
  };
  element.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, REST_MS);
  });
  if (takeBrowserZone(element)) ask();
}

/**
 * A form that nobody filled in has the zone of the page, which the server knows only from the second
 * visit on.
 *
 * @param {HTMLFormElement} element
 */
function takeBrowserZone(element) {
  const field = element.elements.namedItem("timezone");
  if (!(field instanceof HTMLInputElement)) return false;
  const { zone } = context();
  if (new URLSearchParams(location.search).has("timezone") || field.value === zone) return false;
  field.value = zone;
  return true;
}

/** @param {HTMLFormElement} element */
function startFilter(element) {
  const filter = element.querySelector("#source-filter");
  const list = element.querySelector(".source-list");
  if (!(filter instanceof HTMLInputElement) || list === null) return;
  filter.hidden = false;
  filter.addEventListener("input", (event) => {
    event.stopPropagation();
    const wanted = filter.value.trim().toLowerCase();
    for (const label of list.querySelectorAll("label")) {
      const isWanted = (label.textContent ?? "").toLowerCase().includes(wanted);
      label.classList.toggle("filtered", !isWanted);
    }
  });
}

/** Fills in the zones that the browser knows. */
function fillZones() {
  const zones = document.getElementById("zones");
  if (zones === null || Intl.supportedValuesOf === undefined) return;
  for (const zone of ["UTC", ...Intl.supportedValuesOf("timeZone")]) {
    const option = document.createElement("option");
    option.value = zone;
    zones.append(option);
  }
}

/** @type {Map<string, EventSource>} */
const watched = new Map();

/**
 * Watches jobs that have not ended, so that their progress is live.
 *
 * @param {HTMLElement} root
 */
function watchJobs(root) {
  const open = [...root.querySelectorAll("tr[data-open]")].map((row) =>
    row instanceof HTMLElement ? row.dataset.job ?? "" : ""
  );
  for (const [id, source] of watched) {
    if (open.includes(id)) continue;
    source.close();
    watched.delete(id);
  }
  for (const id of open.slice(0, WATCHED_MAX)) {
    if (id === "" || watched.has(id)) continue;
    const source = new EventSource(`/api/exports/${id}/events`);
    watched.set(id, source);
    source.addEventListener("progress", (event) => {
      const { progress } = JSON.parse(event.data);
      const bar = root.querySelector(`tr[data-job="${id}"] progress`);
      if (bar instanceof HTMLProgressElement) bar.value = progress.percent;
    });
    source.addEventListener("end", () => {
      source.close();
      watched.delete(id);
      document.dispatchEvent(new Event("openwatts:refresh"));
    });
    source.addEventListener("error", () => {
      source.close();
      watched.delete(id);
    });
  }
}

if (form instanceof HTMLFormElement && preview !== null) {
  for (const element of form.querySelectorAll("[data-script-hides]")) {
    element.setAttribute("hidden", "");
  }
  fillZones();
  startFilter(form);
  startPreview(form, preview);
}
if (list !== null) {
  keepFresh(list, { everyMs: () => LIST_MS, onChange: () => watchJobs(list) });
  watchJobs(list);
  addEventListener("pagehide", () => {
    for (const source of watched.values()) source.close();
    watched.clear();
  });
}
