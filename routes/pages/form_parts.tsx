/**
 * Pieces of forms that change something: why they failed, buttons, and secrets that are shown once.
 *
 * @module
 */

import type { AppError } from "../../data/app_error.ts";
import { CopyButton } from "./components.tsx";
import type { Children, Markup } from "./markup.ts";
import type { View } from "./view.ts";

/** Why something was refused: all mistakes. */
export function Problems({ failed }: { readonly failed: AppError | null }): Markup | null {
  if (failed === null) return null;
  const sentences = failed.errors.length > 0
    ? failed.errors.map(({ detail }) => detail)
    : [failed.message];
  return (
    <ul class="problems" role="alert">
      {sentences.map((text) => <li class="fault">{text}</li>)}
    </ul>
  );
}

/** A secret, which no other page shows. */
export function SecretOnce({ view, title, secret }: {
  readonly view: View;
  readonly title: string;
  readonly secret: string;
}): Markup {
  return (
    <section class="notice secret" aria-labelledby="secret-title">
      <h2 id="secret-title">{title}</h2>
      <p>{view.say("secret.once")}</p>
      <pre class="code" id="secret" tabindex={0} aria-labelledby="secret-title">{secret}</pre>
      <div>
        <CopyButton view={view} of="secret" />
      </div>
    </section>
  );
}

/** A button that is a form of its own. */
export function Action({ action, text, of, fields = {} }: {
  readonly action: string;
  readonly text: string;
  /** What it concerns, for screen readers: many rows have the same button. */
  readonly of: string;
  readonly fields?: Readonly<Record<string, string>>;
}): Markup {
  return (
    <form method="post" action={action}>
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button type="submit" class="small" aria-label={`${text}: ${of}`}>{text}</button>
    </form>
  );
}

/** A button behind a second one, for what cannot be undone. It works without JavaScript. */
export function Confirmed({ action, text, of, question, children }: {
  readonly action: string;
  readonly text: string;
  /** What it concerns, for screen readers. */
  readonly of: string;
  readonly question: string;
  readonly children?: Children;
}): Markup {
  return (
    <details class="confirmed">
      <summary class="button small" aria-label={`${text}: ${of}`}>{text}…</summary>
      <form method="post" action={action}>
        <p>{question}</p>
        {children}
        <button type="submit" class="small danger">{text}</button>
      </form>
    </details>
  );
}

/** How long an old secret stays valid, to choose. */
export function GraceChoice({ view }: { readonly view: View }): Markup {
  const { say } = view;
  return (
    <label>
      <span>{say("grace")}</span>
      <select name="grace_seconds">
        <option value="86400">{say("grace.day")}</option>
        <option value="3600">{say("grace.hour")}</option>
        <option value="604800">{say("grace.week")}</option>
        <option value="0">{say("grace.none")}</option>
      </select>
    </label>
  );
}

/** The body of a rotation that a form asks for. */
export function rotationOf(fields: URLSearchParams): Record<string, unknown> {
  const text = fields.get("grace_seconds")?.trim() ?? "";
  return text === "" ? {} : { grace_seconds: Number(text) };
}

/** A list that is typed into one field; undefined if it is empty. */
export function listOf(fields: URLSearchParams, name: string): string[] | undefined {
  const words = (fields.get(name) ?? "").split(/[\s,;]+/).filter((word) => word !== "");
  return words.length === 0 ? undefined : words;
}
