/**
 * One webhook: how it is, what one can do with it, and its deliveries.
 *
 * @module
 */

import type { AppError } from "../../data/app_error.ts";
import { DELIVERY_STATES } from "../../kv/events/deliveries.ts";
import type {
  AttemptBody,
  DeliveryBody,
  WebhookBody,
  WebhookTestBody,
} from "../webhooks/schemas.ts";
import { State, Time } from "./components.tsx";
import { Action, Confirmed, GraceChoice, SecretOnce } from "./form_parts.tsx";
import type { Markup } from "./markup.ts";
import { fieldsOfWebhook, nameOf, WebhookForm, WebhookState } from "./webhooks_view.tsx";
import type { View } from "./view.ts";

const LEVELS = {
  pending: "unknown",
  delivered: "good",
  failed: "bad",
  skipped: "warn",
} as const satisfies Readonly<Record<DeliveryBody["state"], string>>;

/** What the page of a webhook shows. */
export interface WebhookPageParts {
  /** The webhook. */
  readonly webhook: WebhookBody;
  /** A page of its deliveries, the newest first. */
  readonly deliveries: readonly DeliveryBody[];
  /** The id after which the next page begins; null on the last one. */
  readonly next: string | null;
  /** Only deliveries in this state are shown; undefined for all. */
  readonly state: DeliveryBody["state"] | undefined;
  /** A secret that is shown now. */
  readonly secret?: string;
  /** What a test met. */
  readonly test?: WebhookTestBody;
  /** What a form that failed had. */
  readonly fields?: URLSearchParams;
  /** Why it failed. */
  readonly failed?: AppError | null;
}

/** The page. */
export function WebhookView({ view, parts }: {
  readonly view: View;
  readonly parts: WebhookPageParts;
}): Markup {
  const { say } = view;
  const { webhook, secret, test } = parts;
  return (
    <div class="stack">
      <p>
        <a href="/export#webhooks">{say("webhooks.back")}</a>
      </p>
      {secret === undefined
        ? null
        : <SecretOnce view={view} title={say("webhooks.secret")} secret={secret} />}
      {test === undefined ? null : <TestResult view={view} test={test} />}
      <Facts view={view} webhook={webhook} parts={parts} />
      <Deliveries view={view} parts={parts} />
    </div>
  );
}

function Facts({ view, webhook, parts }: {
  readonly view: View;
  readonly webhook: WebhookBody;
  readonly parts: WebhookPageParts;
}): Markup {
  const { say } = view;
  const { failed = null, fields = fieldsOfWebhook(webhook) } = parts;
  const { filter } = webhook;
  return (
    <section class="card" aria-labelledby="webhook-title">
      <header>
        <h2 id="webhook-title">{say("webhooks.settings")}</h2>
      </header>
      <dl class="facts">
        <dt>{say("webhooks.state")}</dt>
        <dd>
          <WebhookState view={view} webhook={webhook} />
        </dd>
        <dt>{say("webhooks.url")}</dt>
        <dd class="id">{webhook.url}</dd>
        <dt>{say("webhooks.events")}</dt>
        <dd class="id">{webhook.events.join(", ")}</dd>
        {(["meters", "devices", "stores"] as const).map((kind) =>
          filter[kind] === null ? null : (
            <>
              <dt>{say(`webhooks.only.${kind}`)}</dt>
              <dd class="id">{filter[kind].join(", ") || "–"}</dd>
            </>
          )
        )}
        <dt>{say("webhooks.made")}</dt>
        <dd>
          <Time view={view} at={webhook.created_at} />
        </dd>
        {webhook.previous_secret_until === null ? null : (
          <>
            <dt>{say("webhooks.previous")}</dt>
            <dd>
              <Time view={view} at={webhook.previous_secret_until} />
            </dd>
          </>
        )}
      </dl>
      {view.may("manage")
        ? (
          <>
            <Actions view={view} webhook={webhook} />
            <details open={failed !== null}>
              <summary class="button small">{say("webhooks.change")}</summary>
              <WebhookForm
                view={view}
                webhook={webhook}
                fields={fields}
                failed={failed}
                action={`/export/webhooks/${webhook.id}`}
                text={say("webhooks.save")}
              />
            </details>
          </>
        )
        : null}
    </section>
  );
}

function Actions({ view, webhook }: {
  readonly view: View;
  readonly webhook: WebhookBody;
}): Markup {
  const { say } = view;
  const path = `/export/webhooks/${webhook.id}`;
  const of = nameOf(webhook);
  const [state, text] = webhook.state === "active" || webhook.state === "stopped"
    ? ["paused", say("webhooks.do.pause")]
    : ["active", say("webhooks.do.resume")];
  return (
    <div class="row actions">
      <Action action={`${path}/test`} text={say("webhooks.do.test")} of={of} />
      <Action action={`${path}/state`} text={text} of={of} fields={{ state }} />
      <Confirmed
        action={`${path}/rotate`}
        text={say("webhooks.do.rotate")}
        of={of}
        question={say("webhooks.rotate.ask")}
      >
        <GraceChoice view={view} />
      </Confirmed>
      <Confirmed
        action={`${path}/delete`}
        text={say("webhooks.do.delete")}
        of={of}
        question={say("webhooks.delete.ask")}
      />
    </div>
  );
}

function TestResult({ view, test }: {
  readonly view: View;
  readonly test: WebhookTestBody;
}): Markup {
  const { say } = view;
  return (
    <section class="notice" id="test" aria-labelledby="test-title" role="status">
      <h2 id="test-title">{say("webhooks.test")}</h2>
      <p>
        <State
          level={test.delivered ? "good" : "bad"}
          text={say(test.delivered ? "webhooks.delivery.delivered" : "webhooks.delivery.failed")}
        />
      </p>
      <p class="id mono">{test.request}</p>
      <Answer view={view} attempt={test} id="test-answer" />
    </section>
  );
}

/** What came back: the status, how long it took, the beginning of the answer, or why there is none. */
function Answer({ view, attempt, id }: {
  readonly view: View;
  readonly attempt: AttemptBody;
  readonly id: string;
}): Markup {
  const { say, formats } = view;
  const { status, answer, error, took_ms: tookMs } = attempt;
  return (
    <>
      <p>
        {status === null ? say("webhooks.answer.none") : say("webhooks.answer.status", { status })}
        {" · "}
        {formats.number(tookMs, 0)} ms
      </p>
      {error === null ? null : <p class="fault id">{error}</p>}
      {answer === "" ? null : (
        <details class="call">
          <summary>{say("webhooks.answer.body")}</summary>
          <pre id={id} tabindex={0}>{answer}</pre>
        </details>
      )}
    </>
  );
}

function Deliveries({ view, parts }: {
  readonly view: View;
  readonly parts: WebhookPageParts;
}): Markup {
  const { say } = view;
  const { webhook, deliveries, next, state } = parts;
  const path = `/export/webhooks/${webhook.id}`;
  return (
    <section class="card" id="deliveries" aria-labelledby="deliveries-title">
      <header>
        <h2 id="deliveries-title">{say("webhooks.deliveries")}</h2>
        <nav class="row" aria-label={say("webhooks.deliveries.show")}>
          {[undefined, ...DELIVERY_STATES].map((one) => (
            <a
              href={one === undefined ? `${path}#deliveries` : `${path}?state=${one}#deliveries`}
              aria-current={one === state ? "true" : undefined}
            >
              {say(one === undefined ? "webhooks.delivery.all" : `webhooks.delivery.${one}`)}
            </a>
          ))}
        </nav>
      </header>
      {deliveries.length === 0
        ? <p class="muted">{say("webhooks.deliveries.none")}</p>
        : (
          <div class="table-frame" tabindex={0} role="group" aria-labelledby="deliveries-title">
            <table class="cards">
              <thead>
                <tr>
                  {(["event", "state", "attempts", "answer", "next", "actions"] as const).map((
                    name,
                  ) => <th scope="col">{say(`webhooks.deliveries.${name}`)}</th>)}
                </tr>
              </thead>
              <tbody>
                {deliveries.map((one) => <Delivery view={view} path={path} one={one} />)}
              </tbody>
            </table>
          </div>
        )}
      {next === null ? null : (
        <p>
          <a
            href={`${path}?${new URLSearchParams({
              ...(state === undefined ? {} : { state }),
              before: next,
            })}#deliveries`}
          >
            {say("webhooks.deliveries.more")}
          </a>
        </p>
      )}
    </section>
  );
}

function Delivery({ view, path, one }: {
  readonly view: View;
  readonly path: string;
  readonly one: DeliveryBody;
}): Markup {
  const { say, formats } = view;
  return (
    <tr>
      <td>
        <p class="id">
          <strong>{one.type}</strong>
        </p>
        <p class="hint id">{one.subject.kind} {one.subject.id}</p>
        <p class="hint">
          <Time view={view} at={one.event_at} />
        </p>
      </td>
      <td>
        <State level={LEVELS[one.state]} text={say(`webhooks.delivery.${one.state}`)} />
      </td>
      <td>
        {say("webhooks.attempts", {
          count: one.attempts,
          number: formats.number(one.attempts, 0),
        })}
      </td>
      <td data-label={say("webhooks.deliveries.answer")}>
        {one.last_attempt === null
          ? <span class="muted">–</span>
          : <Answer view={view} attempt={one.last_attempt} id={`answer-${one.id}`} />}
      </td>
      <td data-label={say("webhooks.deliveries.next")}>
        {one.next_attempt_at === null
          ? <span class="muted">–</span>
          : <Time view={view} at={one.next_attempt_at} />}
      </td>
      <td>
        {one.state === "pending" || !view.may("manage") ? null : (
          <Action
            action={`${path}/deliveries/${one.id}/replay`}
            text={say("webhooks.do.replay")}
            of={`${one.type} ${one.subject.id}`}
          />
        )}
      </td>
    </tr>
  );
}
