/**
 * Webhooks: the list of them, and the form that makes one.
 *
 * @module
 */

import type { AppError } from "../../data/app_error.ts";
import { EVENT_TYPE_NAMES } from "../../data/events/event.ts";
import type { WebhookBody } from "../webhooks/schemas.ts";
import { State, Time } from "./components.tsx";
import { listOf, Problems } from "./form_parts.tsx";
import type { Markup } from "./markup.ts";
import type { TextKey } from "./texts/en.ts";
import type { View } from "./view.ts";

const LEVELS = {
  active: "good",
  paused: "unknown",
  off: "bad",
  stopped: "bad",
} as const satisfies Readonly<Record<WebhookBody["state"], string>>;

/** The kinds of ids by which events are filtered. */
const FILTER_KINDS = ["meters", "devices", "stores"] as const;

/** What the list of webhooks shows. */
export interface WebhookParts {
  /** The webhooks that the caller may see. */
  readonly webhooks: readonly WebhookBody[];
  /** Whether there are more. */
  readonly isMore: boolean;
  /** What a form that failed had. */
  readonly fields?: URLSearchParams;
  /** Why it failed. */
  readonly failed?: AppError | null;
}

/** The list and the form. */
export function WebhooksView({ view, parts }: {
  readonly view: View;
  readonly parts: WebhookParts;
}): Markup {
  const { say } = view;
  const { webhooks, isMore, fields = new URLSearchParams(), failed = null } = parts;
  return (
    <section class="card" id="webhooks" aria-labelledby="webhooks-title">
      <header>
        <h2 id="webhooks-title">{say("webhooks.title")}</h2>
      </header>
      {webhooks.length === 0
        ? <p class="muted">{say("webhooks.none")}</p>
        : <List view={view} webhooks={webhooks} />}
      {isMore ? <p class="hint">{say("webhooks.more")}</p> : null}
      {view.may("manage")
        ? (
          <details open={failed !== null}>
            <summary class="button small">{say("webhooks.new")}</summary>
            <WebhookForm
              view={view}
              fields={fields}
              failed={failed}
              action="/export/webhooks"
              text={say("webhooks.create")}
            />
          </details>
        )
        : null}
    </section>
  );
}

function List({ view, webhooks }: {
  readonly view: View;
  readonly webhooks: readonly WebhookBody[];
}): Markup {
  const { say } = view;
  return (
    <div class="table-frame" tabindex={0} role="group" aria-labelledby="webhooks-title">
      <table class="cards">
        <thead>
          <tr>
            {(["name", "events", "state", "log"] as const).map((name) => (
              <th scope="col">{say(`webhooks.${name}`)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {webhooks.map((webhook) => (
            <tr>
              <td class="id">
                <strong>{nameOf(webhook)}</strong>
                {webhook.name === "" ? null : <p class="hint">{webhook.url}</p>}
              </td>
              <td class="id" data-label={say("webhooks.events")}>{webhook.events.join(", ")}</td>
              <td>
                <WebhookState view={view} webhook={webhook} />
              </td>
              <td>
                <a
                  href={`/export/webhooks/${webhook.id}`}
                  aria-label={`${say("webhooks.deliveries")}: ${nameOf(webhook)}`}
                >
                  {say("webhooks.deliveries")}
                </a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How a webhook is, and why. */
export function WebhookState({ view, webhook }: {
  readonly view: View;
  readonly webhook: WebhookBody;
}): Markup {
  const { say } = view;
  const { state, reason, failing_since: failingSince } = webhook;
  const isFailing = state === "active" && failingSince !== null;
  return (
    <>
      <State
        level={isFailing ? "warn" : LEVELS[state]}
        text={say(isFailing ? "webhooks.state.failing" : `webhooks.state.${state}` as TextKey)}
      />
      {reason === null ? null : <p class="hint">{say(`webhooks.reason.${reason}` as TextKey)}</p>}
      {failingSince === null ? null : (
        <p class="hint">
          {say("webhooks.failing")} <Time view={view} at={failingSince} form="relative" />
        </p>
      )}
    </>
  );
}

/** The form of a webhook, new or as it is. */
export function WebhookForm({ view, webhook, fields, failed, action, text }: {
  readonly view: View;
  /** The webhook as it is; none if it is new. */
  readonly webhook?: WebhookBody;
  readonly fields: URLSearchParams;
  readonly failed: AppError | null;
  readonly action: string;
  readonly text: string;
}): Markup {
  const { say } = view;
  const chosen = fields.getAll("events");
  const field = (name: "name" | "url" | "meters" | "devices" | "stores", isWanted = false) => (
    <label>
      <span>{say(`webhooks.${name}`)}</span>
      <input
        name={name}
        value={fields.get(name) ?? ""}
        required={isWanted}
        spellcheck={false}
        autocomplete="off"
      />
    </label>
  );
  return (
    <form method="post" action={action} class="change-form">
      <Problems failed={failed} />
      <div class="fields">
        {field("name")}
        {field("url", true)}
      </div>
      <fieldset>
        <legend>{say("webhooks.events")}</legend>
        <div class="checks">
          {EVENT_TYPE_NAMES.map((name) => (
            <label class="check">
              <input type="checkbox" name="events" value={name} checked={chosen.includes(name)} />
              {" "}
              <span>{say(`webhooks.event.${name}`)}</span>
              <span class="muted mono">{name}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <fieldset>
        <legend>{say("webhooks.filter")}</legend>
        <div class="fields">
          {field("meters")}
          {field("devices")}
          {field("stores")}
        </div>
        {webhook === undefined ? null : <Closed view={view} webhook={webhook} fields={fields} />}
      </fieldset>
      <div class="row">
        <button type="submit" class="main">{text}</button>
      </div>
    </form>
  );
}

/** The kinds of which nothing passes. An empty field cannot say so, so each has a check box. */
function Closed({ view: { say }, webhook: { filter }, fields }: {
  readonly view: View;
  readonly webhook: WebhookBody;
  readonly fields: URLSearchParams;
}): Markup | null {
  const kinds = FILTER_KINDS.filter((kind) => filter[kind]?.length === 0);
  if (kinds.length === 0) return null;
  return (
    <div class="checks">
      {kinds.map((kind) => (
        <label class="check">
          <input
            type="checkbox"
            name="nothing"
            value={kind}
            checked={fields.has("nothing", kind)}
          />{" "}
          <span>{say(`webhooks.nothing.${kind}`)}</span>
        </label>
      ))}
    </div>
  );
}

/** What people call a webhook: its name, or its URL. */
export function nameOf({ name, url }: WebhookBody): string {
  return name === "" ? url : name;
}

/** The body of `POST /api/webhooks` that the form makes. What is empty is left out. */
export function webhookBodyOfForm(fields: URLSearchParams): Record<string, unknown> {
  const name = fields.get("name")?.trim() ?? "";
  const filter = Object.fromEntries(
    FILTER_KINDS.flatMap((kind) => {
      const patterns = listOf(fields, kind);
      return patterns === undefined ? [] : [[kind, patterns]];
    }),
  );
  return {
    ...(name === "" ? {} : { name }),
    url: fields.get("url")?.trim() ?? "",
    events: fields.getAll("events"),
    ...(Object.keys(filter).length === 0 ? {} : { filter }),
  };
}

/** The fields of a webhook as it is. */
export function fieldsOfWebhook({ name, url, events, filter }: WebhookBody): URLSearchParams {
  const fields = new URLSearchParams({ name, url });
  for (const event of events) fields.append("events", event);
  for (const kind of FILTER_KINDS) {
    fields.set(kind, filter[kind]?.join(", ") ?? "");
    if (filter[kind]?.length === 0) fields.append("nothing", kind);
  }
  return fields;
}

/**
 * The body of `PATCH /api/webhooks/{id}` that the form makes: what is empty is no name, no filter. A kind
 * whose filter lets nothing through has a check box that says so; it counts while its field is empty. A
 * field that did not change leaves its patterns as they are.
 */
export function webhookChangeOfForm(
  webhook: WebhookBody,
  fields: URLSearchParams,
): Record<string, unknown> {
  const before = fieldsOfWebhook(webhook);
  const patternsOf = (kind: typeof FILTER_KINDS[number]) => {
    const text = fields.get(kind)?.trim() ?? "";
    if (text === "") return fields.has("nothing", kind) ? [] : null;
    return text === before.get(kind) ? webhook.filter[kind] : listOf(fields, kind) ?? null;
  };
  const filter = Object.fromEntries(
    FILTER_KINDS.flatMap((kind) => {
      const patterns = patternsOf(kind);
      return patterns === null ? [] : [[kind, patterns]];
    }),
  );
  return { name: "", ...webhookBodyOfForm(fields), filter };
}
