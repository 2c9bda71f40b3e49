/**
 * The alerts of the fleet: what fires now, which there are, and a form that tries a new one on the last
 * day before it is saved.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError } from "../../data/app_error.ts";
import { type AlertDeps, alertsOf, createAlert, testAlert } from "../alerts/alerts.ts";
import { firingSubjects } from "../alerts/firing.ts";
import type { AlertBody } from "../alerts/schemas.ts";
import type { AlertTestBody } from "../alerts/test_schemas.ts";
import { readForm } from "../http/form_body.ts";
import { ApiCall, Time } from "./components.tsx";
import { curlOf } from "./curl.ts";
import {
  ALERT_KIND_NAMES,
  alertBodyOf,
  type AlertForm,
  readAlertForm,
} from "./fleet_alert_form.ts";
import { type AlertField, SeverityField, TextField } from "./fleet_alert_fields.tsx";
import { FleetTabs } from "./fleet_tabs.tsx";
import { requireOwnForm, seeOther } from "./form_answers.ts";
import type { PageContent } from "./layout.tsx";
import { deviceHref, meterHref, storeHref } from "./list_links.ts";
import { Problems } from "./form_parts.tsx";
import type { Markup } from "./markup.ts";
import type { Pages } from "./show_page.tsx";
import type { View } from "./view.ts";

/** How much of what fires, and of a test, is shown. */
const FIRING_SHOWN = 100, MESSAGES_SHOWN = 20;
const HREFS = { devices: deviceHref, meters: meterHref, stores: storeHref } as const;

/** What the page needs. */
export interface FleetAlertsDeps extends AlertDeps {
  /** The address of the service as its users know it; null if unknown. */
  readonly publicUrl: string | null;
}

interface Shown {
  readonly form: AlertForm;
  readonly tested: AlertTestBody | null;
  readonly failed: AppError | null;
}

/** The page. */
export async function fleetAlertsPage(
  deps: FleetAlertsDeps,
  c: Context,
  view: View,
): Promise<PageContent> {
  const form = readAlertForm(new URL(c.req.url).searchParams);
  return await page(deps, c, view, { form, tested: null, failed: null });
}

/** Answers the form: tests the alert, or makes it. */
export async function answerAlert(
  deps: FleetAlertsDeps,
  c: Context,
  { pages, isTest }: { pages: Pages; isTest: boolean },
): Promise<Response> {
  requireOwnForm(c, deps.publicUrl);
  // The test has an address of its own, at which there is no page.
  const view = { ...await pages.viewOf(c), path: "/fleet/alerts" };
  const form = readAlertForm(await readForm(c.req.raw));
  const body = alertBodyOf(form);
  try {
    if (!isTest) {
      await createAlert(c, deps, body);
      return seeOther("/fleet/alerts");
    }
    const { name, notify: _, ...rest } = body;
    const tested = await testAlert(c, deps, name === "" ? rest : { name, ...rest });
    return await pages.answer(c, view, await page(deps, c, view, { form, tested, failed: null }));
  } catch (failed) {
    if (!(failed instanceof AppError)) throw failed;
    const content = await page(deps, c, view, { form, tested: null, failed });
    return await pages.answer(c, view, { ...content, status: 400 });
  }
}

async function page(
  deps: FleetAlertsDeps,
  c: Context,
  view: View,
  shown: Shown,
): Promise<PageContent> {
  const { say } = view;
  const [firing, alerts] = await Promise.all([
    firingSubjects(deps, view.caller, { afterAlert: "", afterId: "", limit: FIRING_SHOWN }),
    alertsOf(c, deps),
  ]);
  return {
    title: say("fleet.alerts"),
    screen: "fleet",
    styles: ["fleet.css"],
    body: (
      <div class="stack">
        <FleetTabs view={view} current="alerts" />
        <section class="card" aria-labelledby="firing-title">
          <header>
            <h2 id="firing-title">{say("fleet.firing")}</h2>
          </header>
          {firing.length === 0 ? <p>{say("fleet.firing.none")}</p> : (
            <ul class="lines">
              {firing.map(({ alert, id, state, since }) => (
                <li>
                  <span>
                    <a class="id" href={HREFS[alert.on](id)}>{id}</a>
                    <span>{alert.name}</span>
                    <span class={`state ${alert.severity === "critical" ? "bad" : "warn"}`}>
                      {say(state === "muted" ? "fleet.muted" : "fleet.fires")}
                    </span>
                  </span>
                  {since === null ? null : <Time view={view} at={since} form="relative" />}
                </li>
              ))}
            </ul>
          )}
          <ApiCall
            view={view}
            id="call-firing"
            curl={curlOf(view, { path: "/api/alerts/firing" })}
          />
        </section>
        <AlertList view={view} alerts={alerts} />
        <div class="hours">
          <AlertFormView view={view} {...shown} />
          <div aria-live="polite">
            {shown.tested === null
              ? <p class="hint">{say("fleet.test.hint")}</p>
              : <TestView view={view} tested={shown.tested} form={shown.form} />}
          </div>
        </div>
      </div>
    ),
  };
}

function AlertList({ view, alerts }: {
  readonly view: View;
  readonly alerts: readonly AlertBody[];
}): Markup {
  const { say } = view;
  return (
    <section class="card" aria-labelledby="alerts-title">
      <header>
        <h2 id="alerts-title">{say("fleet.rules.title")}</h2>
      </header>
      {alerts.length === 0
        ? <p>{say("fleet.rules.none")}</p>
        : (
          <div class="table-frame" tabindex={0} role="group" aria-labelledby="alerts-title">
            <table class="cards">
              <thead>
                <tr>
                  <th scope="col">{say("fleet.alert")}</th>
                  <th scope="col">{say("fleet.watches")}</th>
                  <th scope="col">{say("fleet.condition")}</th>
                  <th scope="col">{say("fleet.severity")}</th>
                </tr>
              </thead>
              <tbody>
                {alerts.map(({ id, name, on, scope, condition, severity, enabled }) => (
                  <tr>
                    <th scope="row" class="id">
                      {view.may("manage") ? <a href={`/fleet/alerts/${id}`}>{name}</a> : name}
                    </th>
                    <td class="id" data-label={say("fleet.watches")}>
                      {say(`fleet.on.${on}`)}
                      {scope.ids === null ? null : `: ${scope.ids.join(", ")}`}
                    </td>
                    <td data-label={say("fleet.condition")}>{conditionText(view, condition)}</td>
                    <td data-label={say("fleet.severity")}>
                      {say(`fleet.severity.${severity}`)}
                      {enabled ? null : ` · ${say("fleet.off")}`}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      <ApiCall view={view} id="call-alerts" curl={curlOf(view, { path: "/api/alerts" })} />
    </section>
  );
}

/** When an alert fires, in words. */
export function conditionText({ say, formats }: View, condition: AlertBody["condition"]): string {
  const { for_seconds: seconds } = condition;
  const span = seconds === 0 ? say("fleet.when.moment") : formats.span(seconds * 1_000);
  switch (condition.type) {
    case "offline":
      return say("fleet.when.offline", { span });
    case "no_data":
      return say("fleet.when.silent", { span });
    case "above":
    case "below": {
      const { metric, limit } = condition;
      return say(`fleet.when.${condition.type}`, { metric, limit: formats.number(limit, 6), span });
    }
    case "change":
      return say("fleet.when.change", {
        metric: condition.metric,
        by: formats.number(condition.by, 6),
      });
    case "down":
      return say("fleet.when.down", { span });
  }
}

function AlertFormView({ view, form, failed }: Shown & { readonly view: View }): Markup {
  const { say } = view;
  const input = (name: Exclude<AlertField, "note">) => (
    <TextField view={view} name={name} value={form[name]} />
  );
  return (
    <form method="post" action="/fleet/alerts" class="card stack no-print alert-form">
      <h2>{say("fleet.form")}</h2>
      <Problems failed={failed} />
      <div class="fields">
        {input("name")}
        <label>
          <span>{say("fleet.form.kind")}</span>
          <select name="kind">
            {ALERT_KIND_NAMES.map((kind) => (
              <option value={kind} selected={kind === form.kind}>
                {say(`fleet.kind.${kind}`)}
              </option>
            ))}
          </select>
        </label>
        {input("minutes")}
        <div class="fields only-values">
          {input("metric")}
          {input("limit")}
        </div>
        {input("ids")}
        <SeverityField view={view} chosen={form.severity} />
        {input("email")}
      </div>
      <p class="row">
        <button type="submit" formaction="/fleet/alerts/test" formnovalidate>
          {say("fleet.test")}
        </button>
        {view.may("manage")
          ? <button type="submit" class="main">{say("fleet.save")}</button>
          : null}
      </p>
    </form>
  );
}

function TestView({ view, tested, form }: {
  readonly view: View;
  readonly tested: AlertTestBody;
  readonly form: AlertForm;
}): Markup {
  const { say, formats } = view;
  const json = alertBodyOf({ ...form, name: form.name === "" ? "Test" : form.name, email: "" });
  return (
    <section class="card" aria-labelledby="test-title">
      <header>
        <h2 id="test-title">{say("fleet.test.title")}</h2>
      </header>
      <p>
        {say("fleet.test.sum", {
          tested: formats.number(tested.tested, 0),
          firings: tested.firings,
          messages: tested.message_count,
        })}
      </p>
      {tested.messages.length === 0 ? null : (
        <ul class="lines">
          {tested.messages.slice(0, MESSAGES_SHOWN).map(({ at, transition, ids, count }) => (
            <li>
              <span class="id">
                <b>{say(transition === "firing" ? "fleet.fires" : "fleet.resolved")}</b>{" "}
                {ids.join(", ")}
                {count > ids.length ? " …" : null}
              </span>
              <Time view={view} at={at} />
            </li>
          ))}
        </ul>
      )}
      <ApiCall
        view={view}
        id="call-test"
        curl={curlOf(view, { path: "/api/alerts/test", json })}
      />
    </section>
  );
}
