/**
 * Settings: what the caller may do and use, and for administrators the keys.
 *
 * @module
 */

import type { AppError } from "../../data/app_error.ts";
import { SCOPES } from "../../data/access/scopes.ts";
import type { KeyBody, ShownKeyBody } from "../access/schemas.ts";
import type { Usage } from "../access/usage_schemas.ts";
import { State, Time } from "./components.tsx";
import { Confirmed, GraceChoice, Problems, SecretOnce } from "./form_parts.tsx";
import { KINDS } from "./key_form.ts";
import type { Markup } from "./markup.ts";
import type { View } from "./view.ts";

const LEVELS = {
  active: "good",
  expired: "unknown",
  revoked: "unknown",
} as const satisfies Readonly<Record<KeyBody["state"], string>>;

/** How many keys the list shows. */
const KEYS_SHOWN = 200;
/** The kinds of what has an id, as the fields of a key have them. */

/** What the screen shows. */
export interface SettingsParts {
  /** What the caller uses. */
  readonly usage: Usage;
  /** All keys; null if the caller may not see them. */
  readonly keys: readonly KeyBody[] | null;
  /** A key that is shown now. */
  readonly shown?: ShownKeyBody;
  /** What a form that failed had. */
  readonly fields?: URLSearchParams;
  /** Why it failed. */
  readonly failed?: AppError | null;
}

/** The screen. */
export function SettingsView({ view, parts }: {
  readonly view: View;
  readonly parts: SettingsParts;
}): Markup {
  const { keys, shown } = parts;
  return (
    <div class="stack">
      {shown === undefined ? null : (
        <SecretOnce
          view={view}
          title={view.say("settings.secret", { name: shown.name })}
          secret={shown.key}
        />
      )}
      {keys === null ? null : <Keys view={view} keys={keys} parts={parts} />}
      <Self view={view} />
      <UsageTable view={view} usage={parts.usage} />
    </div>
  );
}

function Self({ view }: { readonly view: View }): Markup {
  const { say, caller } = view;
  const { meter, device, store } = caller.patterns;
  const ids = { meters: meter, devices: device, stores: store };
  return (
    <section class="card" aria-labelledby="self-title">
      <header>
        <h2 id="self-title">{say("settings.self")}</h2>
      </header>
      <dl class="facts">
        <dt>{say("settings.self.who")}</dt>
        <dd class="id">
          {caller.actor.name} <span class="muted mono">{caller.owner}</span>
        </dd>
        <dt>{say("settings.self.scopes")}</dt>
        <dd>
          <ul>
            {SCOPES.filter((scope) => caller.scopes.has(scope)).map((scope) => (
              <li>
                {say(`settings.scope.${scope}`)} <span class="muted mono">{scope}</span>
              </li>
            ))}
          </ul>
        </dd>
        {KINDS.map((kind) => (
          <>
            <dt>{say(`settings.self.${kind}`)}</dt>
            <dd class="id">{idsText(view, ids[kind])}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}

function UsageTable({ view, usage }: { readonly view: View; readonly usage: Usage }): Markup {
  const { say, formats } = view;
  const rows = [
    "jobs_waiting",
    "jobs_running",
    "stored_readings",
    "file_bytes",
  ] as const satisfies readonly (keyof Usage)[];
  const text = (name: keyof Usage, value: number) =>
    name === "file_bytes" ? formats.size(value) : formats.number(value, 0);
  return (
    <section class="card" aria-labelledby="usage-title">
      <header>
        <h2 id="usage-title">{say("settings.usage")}</h2>
      </header>
      <div class="table-frame" tabindex={0} role="group" aria-labelledby="usage-title">
        <table>
          <thead>
            <tr>
              {(["what", "used", "limit"] as const).map((name) => (
                <th scope="col" class={name === "what" ? undefined : "number"}>
                  {say(`settings.usage.${name}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((name) => {
              const { used, limit } = usage[name];
              return (
                <tr>
                  <td>{say(`settings.usage.${name}`)}</td>
                  <td class="number">{text(name, used)}</td>
                  <td class="number">
                    {limit === null ? say("settings.usage.free") : text(name, limit)}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Keys({ view, keys, parts }: {
  readonly view: View;
  readonly keys: readonly KeyBody[];
  readonly parts: SettingsParts;
}): Markup {
  const { say } = view;
  const { fields = new URLSearchParams(), failed = null } = parts;
  // Keys that count come first; the others stay listed for a while.
  const ordered = [
    ...keys.filter(({ state }) => state === "active"),
    ...keys.filter(({ state }) => state !== "active"),
  ];
  return (
    <section class="card" id="keys" aria-labelledby="keys-title">
      <header>
        <h2 id="keys-title">{say("settings.keys")}</h2>
      </header>
      {keys.length === 0
        ? <p class="muted">{say("settings.keys.none")}</p>
        : (
          <div class="table-frame" tabindex={0} role="group" aria-labelledby="keys-title">
            <table class="cards">
              <thead>
                <tr>
                  {([
                    "name",
                    "state",
                    "scopes",
                    "ids",
                    "networks",
                    "used",
                    "expires",
                    "actions",
                  ] as const).map((name) => <th scope="col">{say(`settings.keys.${name}`)}</th>)}
                </tr>
              </thead>
              <tbody>
                {ordered.slice(0, KEYS_SHOWN).map((key) => <Row view={view} key_={key} />)}
              </tbody>
            </table>
          </div>
        )}
      {keys.length > KEYS_SHOWN
        ? <p class="hint">{say("settings.keys.more", { count: KEYS_SHOWN })}</p>
        : null}
      <details open={failed !== null}>
        <summary class="button small">{say("settings.new")}</summary>
        <KeyForm view={view} fields={fields} failed={failed} />
      </details>
    </section>
  );
}

function Row({ view, key_: key }: { readonly view: View; readonly key_: KeyBody }): Markup {
  const { say, caller } = view;
  const isRestricted = KINDS.some((kind) => key[kind] !== null);
  const isOwn = caller.owner === `key:${key.id}`;
  return (
    <tr>
      <td class="id">
        <strong>{key.name}</strong> <span class="muted mono">{key.id}</span>
        {isOwn ? <p class="hint">{say("settings.keys.yours")}</p> : null}
      </td>
      <td data-label={say("settings.keys.state")}>
        <State level={LEVELS[key.state]} text={say(`settings.state.${key.state}`)} />
        {key.previous_valid_until === null ? null : (
          <p class="hint">
            {say("settings.keys.previous")} <Time view={view} at={key.previous_valid_until} />
          </p>
        )}
      </td>
      <td data-label={say("settings.keys.scopes")}>{key.scopes.join(", ")}</td>
      <td class="id" data-label={say("settings.keys.ids")}>
        {!isRestricted ? say("settings.every") : KINDS.map((kind) => (
          <p>
            {say(`settings.self.${kind}`)}: {idsText(view, key[kind])}
          </p>
        ))}
      </td>
      <td class="id" data-label={say("settings.keys.networks")}>
        {key.networks?.join(", ") ?? say("settings.keys.everywhere")}
      </td>
      <td data-label={say("settings.keys.used")}>
        {key.last_used_at === null
          ? <span class="muted">{say("settings.keys.never")}</span>
          : <Time view={view} at={key.last_used_at} form="relative" />}
      </td>
      <td data-label={say("settings.keys.expires")}>
        {key.expires_at === null
          ? <span class="muted">{say("settings.keys.never")}</span>
          : <Time view={view} at={key.expires_at} />}
      </td>
      <td>
        <KeyActions view={view} key_={key} />
      </td>
    </tr>
  );
}

function KeyActions({ view, key_: key }: {
  readonly view: View;
  readonly key_: KeyBody;
}): Markup | null {
  const { say } = view;
  if (key.state === "revoked") return null;
  if (key.origin === "setting") return <p class="hint">{say("settings.keys.setting")}</p>;
  const path = `/settings/keys/${key.id}`;
  const of = `${key.name} ${key.id}`;
  return (
    <div class="row actions">
      <a class="button small" href={path} aria-label={`${say("settings.do.change")}: ${of}`}>
        {say("settings.do.change")}
      </a>
      <Confirmed
        action={`${path}/rotate`}
        text={say("settings.do.rotate")}
        of={of}
        question={say("settings.rotate.ask")}
      >
        <GraceChoice view={view} />
      </Confirmed>
      <Confirmed
        action={`${path}/revoke`}
        text={say("settings.do.revoke")}
        of={of}
        question={say("settings.revoke.ask")}
      />
    </div>
  );
}

function KeyForm({ view, fields, failed }: {
  readonly view: View;
  readonly fields: URLSearchParams;
  readonly failed: AppError | null;
}): Markup {
  const { say } = view;
  const chosen = fields.getAll("scopes");
  const field = (name: string, label: string, type = "text") => (
    <label>
      <span>{label}</span>
      <input
        name={name}
        type={type}
        value={fields.get(name) ?? ""}
        spellcheck={false}
        autocomplete="off"
      />
    </label>
  );
  return (
    <form method="post" action="/settings/keys" class="change-form">
      <Problems failed={failed} />
      <div class="fields">
        {field("name", say("settings.keys.name"))}
        {field("expires_at", say("settings.new.expires"), "date")}
        {field("networks", say("settings.new.networks"))}
      </div>
      <fieldset>
        <legend>{say("settings.keys.scopes")}</legend>
        <div class="checks">
          {SCOPES.map((scope) => (
            <label class="check">
              <input type="checkbox" name="scopes" value={scope} checked={chosen.includes(scope)} />
              {" "}
              <span>{say(`settings.scope.${scope}`)}</span>
              <span class="muted mono">{scope}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <fieldset>
        <legend>{say("settings.keys.ids")}</legend>
        <p class="hint">{say("settings.new.hint")}</p>
        <div class="fields">
          {KINDS.map((kind) => field(kind, say(`settings.self.${kind}`)))}
        </div>
      </fieldset>
      <div class="row">
        <button type="submit" class="main">{say("settings.create")}</button>
      </div>
    </form>
  );
}

function idsText({ say }: View, patterns: readonly string[] | null): string {
  if (patterns === null) return say("settings.every");
  return patterns.length === 0 ? say("settings.no") : patterns.join(", ");
}
