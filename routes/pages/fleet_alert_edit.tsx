/**
 * The page of an alert: it is changed, switched off and deleted there.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError } from "../../data/app_error.ts";
import { changeAlert, getAlert, removeAlert } from "../alerts/alerts.ts";
import type { AlertBody } from "../alerts/schemas.ts";
import { ApiCall } from "./components.tsx";
import { curlOf } from "./curl.ts";
import { SeverityField, TextField } from "./fleet_alert_fields.tsx";
import {
  type AlertEdit,
  alertEditOf,
  changedAlertBody,
  readAlertEdit,
} from "./fleet_alert_form.ts";
import { conditionText, type FleetAlertsDeps } from "./fleet_alerts.tsx";
import { FleetTabs } from "./fleet_tabs.tsx";
import { answerForm, statusOf, tryAction } from "./form_action.ts";
import { seeOther } from "./form_answers.ts";
import { Confirmed, Problems } from "./form_parts.tsx";
import type { PageContent } from "./layout.tsx";
import type { Markup } from "./markup.ts";
import type { Pages } from "./show_page.tsx";
import type { View } from "./view.ts";

/** `GET /fleet/alerts/{id}`. */
export async function alertPage(
  deps: FleetAlertsDeps,
  c: Context,
  view: View,
): Promise<PageContent> {
  const alert = await getAlert(c, deps, c.req.param("id") ?? "");
  return editPage(view, { alert, form: alertEditOf(alert), failed: null });
}

/** Answers the form of an alert. */
export function answerAlertEdit(
  deps: FleetAlertsDeps,
  c: Context,
  pages: Pages,
): Promise<Response> {
  const id = c.req.param("id") ?? "";
  const { publicUrl } = deps;
  return answerForm(c, { pages, publicUrl, path: pathOf(id) }, async ({ view, fields }) => {
    const alert = await getAlert(c, deps, id);
    const form = readAlertEdit(fields);
    const body = changedAlertBody(alert, form);
    const failed = await tryAction(c, () => changeAlert(c, deps, { id, body }));
    if (!(failed instanceof AppError)) return seeOther("/fleet/alerts");
    return { ...editPage(view, { alert, form, failed }), status: statusOf(failed) };
  });
}

/** Answers the button that deletes an alert. */
export function answerAlertDelete(
  deps: FleetAlertsDeps,
  c: Context,
  pages: Pages,
): Promise<Response> {
  const id = c.req.param("id") ?? "";
  const { publicUrl } = deps;
  return answerForm(c, { pages, publicUrl, path: pathOf(id) }, async () => {
    await removeAlert(c, deps, id);
    return seeOther("/fleet/alerts");
  });
}

function pathOf(id: string): string {
  return `/fleet/alerts/${encodeURIComponent(id)}`;
}

interface Shown {
  readonly alert: AlertBody;
  readonly form: AlertEdit;
  readonly failed: AppError | null;
}

function editPage(view: View, shown: Shown): PageContent {
  const { say } = view;
  const { alert } = shown;
  return {
    title: alert.name,
    screen: "fleet",
    styles: ["fleet.css"],
    body: (
      <div class="stack">
        <FleetTabs view={view} current="alerts" />
        <p>
          <a href="/fleet/alerts">{say("fleet.edit.back")}</a>
        </p>
        <EditForm view={view} {...shown} />
        <div class="row">
          <Confirmed
            action={`${pathOf(alert.id)}/delete`}
            text={say("fleet.edit.delete")}
            of={alert.name}
            question={say("fleet.edit.delete.ask")}
          />
        </div>
        <ApiCall
          view={view}
          id="call-alert"
          curl={curlOf(view, { path: `/api/alerts/${alert.id}` })}
        />
      </div>
    ),
  };
}

function EditForm({ view, alert, form, failed }: Shown & { readonly view: View }): Markup {
  const { say } = view;
  const { on, condition } = alert;
  const input = (name: "name" | "minutes" | "limit" | "ids" | "email" | "note") => (
    <TextField view={view} name={name} value={form[name]} />
  );
  return (
    <form method="post" action={pathOf(alert.id)} class="card stack change-form">
      <Problems failed={failed} />
      <p>
        {say(`fleet.on.${on}`)}: {conditionText(view, condition)}
      </p>
      <div class="fields">
        {input("name")}
        {input("minutes")}
        {"limit" in condition || "by" in condition ? input("limit") : null}
        {input("ids")}
        <SeverityField view={view} chosen={form.severity} />
        {input("email")}
        {input("note")}
      </div>
      <label class="check">
        <input type="checkbox" name="enabled" value="1" checked={form.enabled} />{" "}
        <span>{say("fleet.edit.enabled")}</span>
      </label>
      <p class="row">
        <button type="submit" class="main">{say("fleet.save")}</button>
      </p>
    </form>
  );
}
