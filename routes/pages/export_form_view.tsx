/**
 * The form of an export, as markup.
 *
 * @module
 */

import { CSV_DIALECTS } from "../../data/encoders/csv_dialect.ts";
import { COMPRESSIONS, EXPORT_INTERVALS, GAP_MODES, LAYOUTS } from "../../data/exports/spec.ts";
import { FORMAT_NAMES } from "../../jobs/exports/export_contract.ts";
import { type ExportForm, PERIOD_CHOICES } from "./export_form.ts";
import type { Markup } from "./markup.ts";
import type { TextKey } from "./texts/en.ts";
import type { View } from "./view.ts";

/** A meter or device that may be chosen. */
export interface SourceChoice {
  /** Whether it is a meter or a device. */
  readonly kind: "meter" | "device";
  /** Its id. */
  readonly id: string;
  /** What users call it, or where it is; null if nobody said. */
  readonly label: string | null;
}

/** The form. */
export function ExportFormView({ view, form, sources, isMore, hasSchedules }: {
  readonly view: View;
  readonly form: ExportForm;
  readonly sources: readonly SourceChoice[];
  readonly isMore: boolean;
  readonly hasSchedules: boolean;
}): Markup {
  const { say } = view;
  const choose = (name: keyof ExportForm, values: readonly string[], textOf = (v: string) => v) => (
    <label>
      <span>{say(`export.${name}` as TextKey)}</span>
      <select name={name} id={`field-${name}`}>
        {values.map((value) => (
          <option value={value} selected={value === form[name]}>{textOf(value)}</option>
        ))}
      </select>
    </label>
  );
  const named = (name: string) => (value: string) => say(`export.${name}.${value}` as TextKey);
  return (
    <form id="export-form" method="get" action="/export" class="card export-form">
      <Sources view={view} form={form} sources={sources} isMore={isMore} />
      <fieldset class="fields">
        {choose("period", PERIOD_CHOICES, named("period"))}
        <label>
          <span>{say("export.timezone")}</span>
          <input
            name="timezone"
            id="field-timezone"
            value={form.timezone}
            list="zones"
            spellcheck={false}
          />
        </label>
        <label data-custom>
          <span>{say("export.start")}</span>
          <input
            name="start"
            id="field-start"
            value={form.start}
            placeholder="2024-01-01"
            spellcheck={false}
          />
        </label>
        <label data-custom>
          <span>{say("export.end")}</span>
          <input
            name="end"
            id="field-end"
            value={form.end}
            placeholder="2024-01-31"
            spellcheck={false}
          />
        </label>
        {choose("interval", EXPORT_INTERVALS, (value) =>
          value === "raw" ? say("export.interval.raw") : value)}
        {choose("gaps", GAP_MODES, named("gaps"))}
        {choose("format", FORMAT_NAMES, (value) =>
          value.toUpperCase())}
        <div data-csv>{choose("csv", Object.keys(CSV_DIALECTS))}</div>
        {choose("compression", COMPRESSIONS, named("compression"))}
        {choose("layout", LAYOUTS, named("layout"))}
      </fieldset>
      <datalist id="zones"></datalist>
      <div class="row">
        <button type="submit" class="main" formmethod="post" formaction="/export">
          {say("export.create")}
        </button>
        {hasSchedules
          ? (
            <button type="submit" formmethod="post" formaction="/export/schedules">
              {say("export.repeat")}
            </button>
          )
          : null}
        <button type="submit" data-script-hides>{say("export.preview")}</button>
      </div>
    </form>
  );
}

function Sources({ view, form, sources, isMore }: {
  readonly view: View;
  readonly form: ExportForm;
  readonly sources: readonly SourceChoice[];
  readonly isMore: boolean;
}): Markup {
  const { say } = view;
  const shown = new Set(sources.filter(({ kind }) => kind === form.kind).map(({ id }) => id));
  const typed = form.ids.filter((id) => !shown.has(id));
  return (
    <fieldset class="sources">
      <legend>{say("export.sources")}</legend>
      <div class="row kinds">
        {(["meter", "device"] as const).map((kind) => (
          <label class="check">
            <input type="radio" name="kind" value={kind} checked={form.kind === kind} />{" "}
            {say(`export.kind.${kind}`)}
          </label>
        ))}
      </div>
      <input
        type="search"
        id="source-filter"
        aria-label={say("export.filter")}
        placeholder={say("export.filter")}
        hidden
      />
      {sources.length === 0
        ? isMore ? null : <p class="hint">{say("export.sources.none")}</p>
        : <SourceList view={view} form={form} sources={sources} />}
      <label>
        <span>{say(isMore ? "export.ids.more" : "export.ids")}</span>
        <input name="ids" id="field-ids" value={typed.join(", ")} spellcheck={false} />
      </label>
    </fieldset>
  );
}

function SourceList({ view: { say }, form, sources }: {
  readonly view: View;
  readonly form: ExportForm;
  readonly sources: readonly SourceChoice[];
}): Markup {
  return (
    <div class="source-list" tabindex={0} role="group" aria-label={say("export.sources")}>
      {sources.map(({ kind, id, label }) => (
        <label class="check" data-kind={kind}>
          <input
            type="checkbox"
            name={kind}
            value={id}
            checked={kind === form.kind && form.ids.includes(id)}
          />{" "}
          <span class="id">{id}</span>
          {label === null ? null : <span class="muted">{label}</span>}
        </label>
      ))}
    </div>
  );
}
