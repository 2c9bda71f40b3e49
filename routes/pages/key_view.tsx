/**
 * The page of a key: its name, when it expires, where it counts, and its limits are changed there.
 *
 * @module
 */

import type { AppError } from "../../data/app_error.ts";
import type { KeyBody } from "../access/schemas.ts";
import { listOf, Problems } from "./form_parts.tsx";
import type { PageContent } from "./layout.tsx";
import type { Markup } from "./markup.ts";
import type { View } from "./view.ts";

/** The limits that a key can have of its own, in the order of the form. */
const LIMITS = [
  "requests_per_second",
  "burst",
  "jobs_waiting",
  "jobs_running",
  "upload_bytes_at_once",
  "stored_readings",
  "file_bytes",
] as const satisfies readonly (keyof KeyBody["limits"])[];

/** All fields. */
const FIELDS = ["name", "expires_at", "networks", ...LIMITS] as const;

/** The fields of a key as it is. */
export function fieldsOfKey(key: KeyBody): URLSearchParams {
  const fields = new URLSearchParams({
    name: key.name,
    expires_at: key.expires_at?.slice(0, 10) ?? "",
    networks: key.networks?.join(", ") ?? "",
  });
  for (const name of LIMITS) {
    const value = key.limits[name];
    if (value !== null) fields.set(name, String(value));
  }
  return fields;
}

/** Begins the name of the copy that says what a field was filled with. */
const FILLED = "filled_";

/**
 * The body of `PATCH /api/keys/{id}` that the form makes: fields that were changed. Those that are not
 * there, or are as they were filled in, change nothing: somebody else may have narrowed the key since.
 * What is empty counts as no limit.
 */
export function keyChangeOfForm(key: KeyBody, fields: URLSearchParams): Record<string, unknown> {
  const text = (name: string) => fields.get(name)?.trim() ?? "";
  const isChanged = (name: string) =>
    fields.has(name) && fields.get(FILLED + name)?.trim() !== text(name);
  const day = text("expires_at");
  const limits = LIMITS.filter(isChanged).map((name) => [name, limitOf(text(name))]);
  return {
    ...(isChanged("name") ? { name: text("name") } : {}),
    ...(isChanged("networks") ? { networks: listOf(fields, "networks") ?? null } : {}),
    // The form has the day alone; the time of day stays unless the day changes.
    ...(isChanged("expires_at") && day !== (key.expires_at?.slice(0, 10) ?? "")
      ? {
        expires_at: day === "" ? null : /^\d{4}-\d\d-\d\d$/.test(day) ? `${day}T00:00:00Z` : day,
      }
      : {}),
    ...(limits.length === 0 ? {} : { limits: Object.fromEntries(limits) }),
  };
}

/** The number, null for none, or the text itself, which the rules of the API then name. */
function limitOf(text: string): number | string | null {
  return text === "" ? null : /^\d+$/.test(text) ? Number(text) : text;
}

/** The page. */
export function keyPage(view: View, { key, fields, failed }: {
  readonly key: KeyBody;
  readonly fields: URLSearchParams;
  readonly failed: AppError | null;
}): PageContent {
  const { say } = view;
  const now = fieldsOfKey(key);
  const filled = Object.fromEntries(
    FIELDS.map((name) => [name, fields.get(FILLED + name) ?? now.get(name) ?? ""]),
  );
  const shown = new URLSearchParams({ ...filled, ...Object.fromEntries(fields) });
  return {
    title: key.name,
    screen: "settings",
    body: (
      <div class="stack">
        <p>
          <a href="/settings#keys">{say("settings.keys")}</a>
        </p>
        <form method="post" action={`/settings/keys/${key.id}`} class="card stack change-form">
          <Problems failed={failed} />
          {FIELDS.map((name) => <input type="hidden" name={FILLED + name} value={filled[name]} />)}
          <div class="fields">
            <Field label={say("settings.keys.name")} name="name" fields={shown} />
            <Field
              label={say("settings.new.expires")}
              name="expires_at"
              type="date"
              fields={shown}
            />
            <Field label={say("settings.new.networks")} name="networks" fields={shown} />
          </div>
          <fieldset>
            <legend>{say("settings.limits")}</legend>
            <p class="hint">{say("settings.limits.hint")}</p>
            <div class="fields">
              {LIMITS.map((name) => (
                <Field
                  label={say(`settings.limit.${name}`)}
                  name={name}
                  mode="numeric"
                  fields={shown}
                />
              ))}
            </div>
          </fieldset>
          <div class="row">
            <button type="submit" class="main">{say("settings.change")}</button>
          </div>
        </form>
      </div>
    ),
  };
}

function Field({ label, name, fields, type = "text", mode }: {
  readonly label: string;
  readonly name: string;
  readonly fields: URLSearchParams;
  readonly type?: string;
  readonly mode?: "numeric";
}): Markup {
  return (
    <label>
      <span>{label}</span>
      <input
        name={name}
        type={type}
        inputmode={mode}
        value={fields.get(name) ?? ""}
        spellcheck={false}
        autocomplete="off"
      />
    </label>
  );
}
