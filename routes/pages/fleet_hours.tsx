/**
 * Editing the hours of a store: a form of the week, what it would have made of the last week, saving.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError } from "../../data/app_error.ts";
import { readForm } from "../http/form_body.ts";
import { changeStore, type StoreChangeDeps, visibleStore } from "../stores/store_change.ts";
import { previewBody } from "../stores/uptime.ts";
import type { StoreUptimeBody, UptimePreviewBody } from "../stores/uptime_schemas.ts";
import { ApiCall } from "./components.tsx";
import { curlOf } from "./curl.ts";
import { STATE_LEVELS } from "./fleet_day.tsx";
import {
  bodyOfForm,
  formOfFields,
  formOfStore,
  type HoursForm,
  shownRows,
} from "./fleet_hours_form.ts";
import { type FleetDeps, storePage } from "./fleet_page.tsx";
import { weekdays } from "./fleet_store.tsx";
import { fleetWords } from "./fleet_words.ts";
import { requireOwnForm, seeOther } from "./form_answers.ts";
import type { PageContent } from "./layout.tsx";
import type { Markup } from "./markup.ts";
import type { Pages } from "./show_page.tsx";
import type { View } from "./view.ts";

/** How long a poll counts in previews, hours: as on the screen of stores. */
const HOLD_HOURS = 24;

/** What editing needs. */
export interface HoursDeps extends FleetDeps {
  /** The database. */
  readonly kv: FleetDeps["kv"] & StoreChangeDeps["kv"];
  /** The address of the service as its users know it; null if unknown. */
  readonly publicUrl: string | null;
}

/** The page with what is stored. */
export async function hoursPage(deps: HoursDeps, c: Context, view: View): Promise<PageContent> {
  const store = await visibleStore(deps, view.caller, idOf(c));
  const form = formOfStore(store);
  return page(view, { id: store.id, form, preview: null, failed: null });
}

/** Answers the form: tries it, or saves it. */
export async function answerHours(
  deps: HoursDeps,
  c: Context,
  { pages, isPreview }: { pages: Pages; isPreview: boolean },
): Promise<Response> {
  requireOwnForm(c, deps.publicUrl);
  const id = idOf(c);
  // The preview has an address of its own, at which there is no page.
  const view = { ...await pages.viewOf(c), path: `${storePage(id)}/hours` };
  const form = formOfFields(await readForm(c.req.raw));
  const body = bodyOfForm(form);
  try {
    if (!isPreview) {
      await changeStore(c, deps, { id, body });
      return seeOther(storePage(id));
    }
    const tried = { ...body, max_hold_hours: HOLD_HOURS };
    const preview = await previewBody(deps, view.caller, { id, body: tried });
    return await pages.answer(c, view, page(view, { id, form, preview, failed: null }));
  } catch (failed) {
    if (!(failed instanceof AppError) || failed.code !== "INVALID_REQUEST") throw failed;
    const content = page(view, { id, form, preview: null, failed });
    return await pages.answer(c, view, { ...content, status: 400 });
  }
}

function idOf(c: Context): string {
  return c.req.param("store_id") ?? "";
}

interface Shown {
  readonly id: string;
  readonly form: HoursForm;
  readonly preview: UptimePreviewBody | null;
  readonly failed: AppError | null;
}

function page(view: View, shown: Shown): PageContent {
  const { say } = view;
  return {
    title: say("fleet.hours.of", { id: shown.id }),
    screen: "fleet",
    styles: ["fleet.css"],
    modules: ["fleet_hours.js"],
    clientTexts: ["fleet.grid."],
    data: { days: weekdays(view) },
    body: (
      <div class="hours">
        <HoursFormView view={view} {...shown} />
        <div id="hours-preview" aria-live="polite">
          {shown.preview === null
            ? <p class="hint">{say("fleet.preview.hint")}</p>
            : <PreviewView view={view} preview={shown.preview} id={shown.id} form={shown.form} />}
        </div>
      </div>
    ),
  };
}

function HoursFormView({ view, id, form, failed }: Shown & { readonly view: View }): Markup {
  const { say } = view;
  const action = `${storePage(id)}/hours`;
  const names = weekdays(view);
  const problems = failed?.errors ?? [];
  const isWrong = (pointer: string) => problems.some((one) => one.pointer.startsWith(pointer));
  // The API counts spans through the week.
  let span = 0;
  return (
    <form method="post" action={action} id="hours-form" class="card stack">
      {failed === null ? null : (
        <ul class="problems fault" role="alert">
          {problems.map((problem) => <li>{problemText(problem, form, names)}</li>)}
        </ul>
      )}
      <label class="zone">
        <span>{say("fleet.zone")}</span>
        <input
          name="zone"
          list="zones"
          value={form.zone}
          autocomplete="off"
          aria-invalid={isWrong("/timezone_str") ? "true" : undefined}
        />
      </label>
      <datalist id="zones">
        {Intl.supportedValuesOf("timeZone").map((zone) => <option value={zone}></option>)}
      </datalist>
      <div id="hours-grid" class="no-print"></div>
      <label class="check">
        <input type="checkbox" name="always" checked={form.isAlways} />
        <span>{say("fleet.hours.unknown")}</span>
      </label>
      <div class="hours-days">
        {form.days.map((rows, day) => (
          <fieldset data-day={day}>
            <legend>{names[day]}</legend>
            {shownRows(rows).map(({ start, end }, index) => {
              const at = index < rows.length ? `/hours/${span++}/` : null;
              const invalid = (name: string) =>
                at !== null && isWrong(at + name) ? "true" as const : undefined;
              return (
                <div class="times-row">
                  <input
                    type="time"
                    step={stepOf(start)}
                    name={`start-${day}`}
                    value={start}
                    aria-label={say("fleet.opens", { day: names[day] })}
                    aria-invalid={invalid("start")}
                  />
                  <span aria-hidden="true">–</span>
                  <input
                    type="time"
                    step={stepOf(end)}
                    name={`end-${day}`}
                    value={end}
                    aria-label={say("fleet.closes", { day: names[day] })}
                    aria-invalid={invalid("end")}
                  />
                </div>
              );
            })}
          </fieldset>
        ))}
      </div>
      <p class="hint">{say("fleet.hours.hint")}</p>
      <p class="row">
        <button type="submit" formaction={`${action}/preview`}>{say("fleet.preview")}</button>
        <button type="submit" class="main">{say("fleet.save")}</button>
        <a href={storePage(id)}>{say("fleet.cancel")}</a>
      </p>
    </form>
  );
}

/** Fields of times take seconds only where the value has some. */
function stepOf(value: string): string | undefined {
  return value.length > 8 ? "0.001" : value.length > 5 ? "1" : undefined;
}

/** A problem with the day that it is about. */
function problemText(
  { pointer, detail }: { readonly pointer: string; readonly detail: string },
  form: HoursForm,
  names: readonly string[],
): string {
  const [, index] = /^\/hours\/(\d+)\//.exec(pointer) ?? [];
  const day = index === undefined
    ? undefined
    : form.days.flatMap((rows, day) => rows.map(() => day))[Number(index)];
  return day === undefined ? detail : `${names[day]}: ${detail}`;
}

function PreviewView({ view, preview, id, form }: {
  readonly view: View;
  readonly preview: UptimePreviewBody;
  readonly id: string;
  readonly form: HoursForm;
}): Markup {
  const { say } = view;
  const words = fleetWords(view);
  const { before, after } = preview;
  const hours = (seconds: number) => words.hours(seconds * 1_000);
  const json = { ...bodyOfForm(form), max_hold_hours: HOLD_HOURS };
  const path = `/stores/${encodeURIComponent(id)}/uptime/preview`;
  const change = (from: string, to: string) => from === to ? to : `${from} → ${to}`;
  return (
    <section class="card" aria-labelledby="preview-title">
      <header>
        <h2 id="preview-title">{say("fleet.preview.title")}</h2>
      </header>
      <dl class="figures">
        <div>
          <dt>{say("fleet.uptime")}</dt>
          <dd>
            {change(words.percent(before.uptime_percent), words.percent(after.uptime_percent))}
          </dd>
        </div>
        <div>
          <dt>{say("fleet.state.down")}</dt>
          <dd>{`${change(hours(before.down_seconds), hours(after.down_seconds))} h`}</dd>
        </div>
        <div>
          <dt>{say("fleet.open")}</dt>
          <dd>{`${change(hours(before.open_seconds), hours(after.open_seconds))} h`}</dd>
        </div>
      </dl>
      <div class="table-frame" tabindex={0} role="group" aria-label={say("fleet.preview.title")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{say("fleet.day")}</th>
              <th scope="col">{say("fleet.preview.before")}</th>
              <th scope="col">{say("fleet.preview.after")}</th>
            </tr>
          </thead>
          <tbody>
            {after.parts.map((part) => (
              <tr>
                <th scope="row">{words.day(part.date)}</th>
                <td>{partText(before.parts.find(({ date }) => date === part.date))}</td>
                <td>{partText(part)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ApiCall view={view} id="call-preview" curl={curlOf(view, { path, json })} />
    </section>
  );

  function partText(part: StoreUptimeBody["parts"][number] | undefined): Markup {
    if (part === undefined) return <span class="muted">–</span>;
    return (
      <>
        <span class={`state ${STATE_LEVELS[part.state]}`}>{words.state(part.state)}</span>{" "}
        {part.open_seconds === 0 ? null : say("fleet.preview.part", {
          up: hours(part.up_seconds),
          open: hours(part.open_seconds),
        })}
      </>
    );
  }
}
