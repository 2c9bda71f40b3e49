/**
 * What an export will be, and the same request as code.
 *
 * @module
 */

import type { AppError } from "../../data/app_error.ts";
import type { ExportPreviewBody } from "../exports/resource_schemas.ts";
import { CopyButton, Time } from "./components.tsx";
import { CODE_LANGUAGES } from "./export_code.ts";
import type { Markup } from "./markup.ts";
import type { View } from "./view.ts";

/** A preview, or why there is none; null if nothing was chosen yet. */
export type PreviewResult = ExportPreviewBody | AppError | null;

/** The preview. Its live parts are always there, so that only they are replaced. */
export function ExportPreviewView({ view, result, body }: {
  readonly view: View;
  readonly result: PreviewResult;
  readonly body: Readonly<Record<string, unknown>>;
}): Markup {
  const { say } = view;
  const rows = result !== null && "first_rows" in result ? result.first_rows : "";
  return (
    <div id="export-preview">
      <section class="card" aria-labelledby="preview-title">
        <h2 id="preview-title">{say("export.preview")}</h2>
        <div data-live id="preview-result" role="status" data-body={JSON.stringify(body)}>
          <Result view={view} result={result} />
        </div>
        <pre
          class="code first-rows"
          data-live
          id="preview-rows"
          tabindex={0}
          aria-label={say("export.rows.first")}
          hidden={rows === ""}
        >{rows}</pre>
      </section>
      <section class="card tabs" aria-labelledby="code-title">
        <h2 id="code-title">{say("export.code")}</h2>
        {CODE_LANGUAGES.map(({ id, name, write }, index) => (
          <details class="call" name="code" open={index === 0}>
            <summary>{name}</summary>
            <pre data-live id={`code-${id}`} tabindex={0}>{write(view, body)}</pre>
            <CopyButton view={view} of={`code-${id}`} />
          </details>
        ))}
      </section>
    </div>
  );
}

function Result({ view, result }: { readonly view: View; readonly result: PreviewResult }): Markup {
  const { say, formats } = view;
  if (result === null) return <p class="muted">{say("export.choose")}</p>;
  if (!("first_rows" in result)) {
    const problems = result.errors.length > 0
      ? result.errors.map(({ detail }) => detail)
      : [result.message];
    return (
      <ul class="problems">
        {problems.map((text) => <li class="fault">{text}</li>)}
      </ul>
    );
  }
  const about = result.is_exact ? "" : "≈ ";
  return (
    <>
      <dl class="preview-figures">
        <div>
          <dt>{say("export.rows")}</dt>
          <dd>{about}{formats.number(result.rows, 0)}</dd>
        </div>
        <div>
          <dt>{say("export.size")}</dt>
          <dd>≈ {formats.size(result.size_bytes)}</dd>
        </div>
        <div>
          <dt>{say("export.missing")}</dt>
          <dd>
            {result.missing_intervals === null
              ? say("export.missing.unknown")
              : formats.number(result.missing_intervals, 0)}
          </dd>
        </div>
        <div>
          <dt>{say("export.with_readings")}</dt>
          <dd>
            {formats.number(result.sources_with_readings, 0)} / {formats.number(result.sources, 0)}
          </dd>
        </div>
      </dl>
      <p class="hint">
        <span class="mono">{result.filename}</span> · <Time view={view} at={result.range.start} /> –
        {" "}
        <Time view={view} at={result.range.end} />
      </p>
    </>
  );
}
