/**
 * Pieces that several pages are made of.
 *
 * @module
 */

import { Icon } from "./icons.tsx";
import type { Markup } from "./markup.ts";
import type { View } from "./view.ts";

/** A time, in the zone that was chosen. */
export function Time({ view, at, form = "minutes", zone }: {
  readonly view: View;
  /** ISO 8601. */
  readonly at: string;
  /** With minutes, only the date, or how long ago. */
  readonly form?: "minutes" | "date" | "relative";
  /** The zone of its source, if it has one. */
  readonly zone?: string | null;
}): Markup {
  const { formats, nowMs } = view;
  const atMs = Date.parse(at);
  const text = form === "relative"
    ? formats.ago(atMs, nowMs)
    : form === "date"
    ? formats.date(atMs)
    : formats.dateTime(atMs);
  return (
    <time
      datetime={at}
      title={formats.exactTime(atMs)}
      data-relative={form === "relative" ? "" : undefined}
      data-form={form === "date" ? "date" : undefined}
      data-zone={zone ?? undefined}
    >
      {text}
    </time>
  );
}

/** How something is: `good`, `warn` or `bad` in color and shape, and a word. */
export function State({ level, text }: {
  readonly level: "good" | "warn" | "bad" | "unknown";
  readonly text: string;
}): Markup {
  return <span class={`state ${level}`}>{text}</span>;
}

/** The call of the API behind a figure, to copy. */
export function ApiCall({ view, id, curl }: {
  readonly view: View;
  /** An id that no other element of the page has. */
  readonly id: string;
  readonly curl: string;
}): Markup {
  const { say } = view;
  return (
    <details class="call">
      <summary>
        <Icon name="code" />
        <span>{say("call.show")}</span>
      </summary>
      <pre id={id} tabindex={0}>{curl}</pre>
      <CopyButton view={view} of={id} />
    </details>
  );
}

/** A button that copies the text of an element. It needs JavaScript. */
export function CopyButton({ view, of }: { readonly view: View; readonly of: string }): Markup {
  return (
    <button type="button" class="small" data-copy={of}>
      <Icon name="copy" />
      <span>{view.say("call.copy")}</span>
    </button>
  );
}
