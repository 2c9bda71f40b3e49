/**
 * "Repeat monthly" and the list of schedules, through the API as every other client.
 *
 * @module
 */

import { context } from "./context.js";
import { writeTimes } from "./times.js";

/** The first of a month at six, when the readings of the month before are there. */
const MONTHLY = "0 6 1 * *";
const PATH = "/api/schedules";

/**
 * A schedule as the API shows it.
 *
 * @typedef {{ id: string, name: string, cron?: string, every?: string, timezone: string,
 *   state: string, stop_reason: string | null, next_runs?: { runs_at: string }[] }} Schedule
 */

/** Shows the list and the button, if the service has schedules and the caller may read them. */
export async function startSchedules() {
  const section = document.getElementById("schedules");
  const button = document.getElementById("repeat-monthly");
  if (section === null || !(button instanceof HTMLButtonElement)) return;
  const list = section.querySelector("tbody");
  if (list === null || !await show(list)) return;
  section.hidden = false;
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    const answer = await ask("POST", PATH, scheduleOfForm());
    button.disabled = false;
    say(answer.ok ? context().say("export.repeat.done") : await faultOf(answer), !answer.ok);
    await show(list);
    if (answer.ok) section.scrollIntoView({ block: "nearest" });
  });
  list.addEventListener("click", async (event) => {
    const pressed = event.target instanceof Element ? event.target.closest("button") : null;
    if (!(pressed instanceof HTMLButtonElement)) return;
    const { id = "", act = "" } = pressed.dataset;
    const path = `${PATH}/${encodeURIComponent(id)}`;
    pressed.disabled = true;
    const answer = act === "delete"
      ? await ask("DELETE", path)
      : await ask("POST", `${path}/${act}`);
    if (!answer.ok) say(await faultOf(answer), true);
    await show(list);
  });
}

/** What the form asks for, as a schedule for every first of a month. */
function scheduleOfForm() {
  const { start_datetime: _start, end_datetime: _end, ...body } = JSON.parse(
    document.getElementById("preview-result")?.dataset.body ?? "{}",
  );
  const ids = [body.smart_meter_id ?? body.device_id ?? body.smart_meter_ids ?? body.device_ids]
    .flat().filter((id) => id !== undefined);
  const name = context().say("export.repeat.name", { ids: ids.join(", ") }).slice(0, 100);
  const { timezone = "UTC" } = body;
  return { name, cron: MONTHLY, timezone, request: { ...body, period: "last_month" } };
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 */
async function ask(method, path, body) {
  return await fetch(path, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
}

/** @param {Response} answer */
async function faultOf(answer) {
  const { detail = answer.statusText } = await answer.json().catch(() => ({}));
  return String(detail);
}

/**
 * Says how something went, to screen readers too.
 *
 * @param {string} text
 * @param {boolean} isFault
 */
function say(text, isFault) {
  const element = document.getElementById("repeat-said");
  if (element === null) return;
  element.textContent = text;
  element.className = isFault ? "fault" : "muted";
}

/**
 * Writes the list. False if there is none for this caller.
 *
 * @param {HTMLTableSectionElement} list
 */
async function show(list) {
  const answer = await ask("GET", `${PATH}?limit=50`).catch(() => null);
  if (answer === null || !answer.ok) return false;
  /** @type {{ schedules: Schedule[] }} */
  const { schedules } = await answer.json();
  list.replaceChildren(...schedules.map(rowOf));
  writeTimes(list);
  document.getElementById("schedules-none")?.toggleAttribute("hidden", schedules.length > 0);
  return true;
}

/** @param {Schedule} schedule */
function rowOf({ id, name, cron, every, timezone, state, stop_reason: reason, next_runs: runs }) {
  const row = document.createElement("tr");
  const title = cell(row);
  title.className = "id";
  title.append(name);
  cell(row).append(`${cron ?? every} · ${timezone}`);
  const [next] = runs ?? [];
  const when = cell(row);
  if (next !== undefined) {
    const time = document.createElement("time");
    time.dateTime = next.runs_at;
    time.dataset.zone = timezone;
    when.append(time);
  }
  const shown = document.createElement("span");
  shown.className = `state ${
    state === "active" ? "good" : state === "stopped" ? "bad" : "unknown"
  }`;
  shown.textContent = context().say(`export.schedule.${state}`);
  const how = cell(row);
  how.append(shown);
  if (reason !== null && reason !== undefined) how.append(" ", reason);
  const actions = cell(row);
  actions.className = "row";
  for (const act of ["run", state === "paused" ? "resume" : "pause", "delete"]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.dataset.id = id;
    button.dataset.act = act;
    button.textContent = context().say(`export.schedule.do.${act}`);
    actions.append(button);
  }
  return row;
}

/** @param {HTMLTableRowElement} row */
function cell(row) {
  return row.appendChild(document.createElement("td"));
}
