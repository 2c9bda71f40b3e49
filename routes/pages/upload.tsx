/**
 * The screen Upload. Its script does the rest (`routes/assets/upload.js`).
 *
 * @module
 */

import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { Icon } from "./icons.tsx";
import type { Markup } from "./markup.ts";
import type { Pages } from "./show_page.tsx";
import type { TextKey } from "./texts/en.ts";
import type { Say, View } from "./view.ts";

/** `GET /upload`. */
export function uploadRoutes(pages: Pages): GuardedRoutes {
  return guardedRoutes(pages.refuse).get(
    "/upload",
    pages.show((_c, view) => ({
      title: view.say("upload.title"),
      screen: "upload",
      modules: ["upload.js"],
      styles: ["upload.css"],
      clientTexts: ["upload."],
      body: <UploadBody view={view} />,
    })),
  );
}

function UploadBody({ view }: { readonly view: View }): Markup {
  const { say, origin } = view;
  return (
    <div class="stack upload">
      <section class="card drop" id="upload-drop">
        <label>
          <Icon name="upload" />
          <strong>{say("upload.drop")}</strong>
          <input type="file" id="upload-file" />
        </label>
        <p class="hint">{say("upload.drop.hint")}</p>
        <p id="upload-name" class="id" role="status"></p>
        <p id="upload-busy" class="hint" hidden>{say("upload.busy")}</p>
        <noscript>
          <p>{say("upload.noscript")}</p>
          <pre class="code">{`curl '${origin}/api/meters/METER/readings' -H 'content-type: text/csv' --data-binary @FILE`}</pre>
        </noscript>
      </section>
      <p id="upload-fault" class="notice fault" role="alert" hidden></p>
      <div id="upload-steps" class="stack" hidden>
        <div class="halves">
          <TargetCard say={say} />
          <section class="card" id="upload-doubts-card" aria-labelledby="doubts-title" hidden>
            <header>
              <h2 id="doubts-title">{say("upload.doubts")}</h2>
            </header>
            <ul id="upload-doubts" class="doubts"></ul>
          </section>
        </div>
        <PreviewCard say={say} />
        <OptionsCard say={say} />
        <section class="card run" aria-label={say("upload.import")}>
          <div class="row">
            <button type="button" id="upload-dry">{say("upload.dry")}</button>
            <button type="button" id="upload-import" class="main">{say("upload.import")}</button>
            <button type="button" id="upload-cancel" hidden>{say("upload.cancel")}</button>
          </div>
          <div id="upload-progress" hidden>
            <progress id="upload-bar" aria-label={say("upload.progress")} value="0" max="1">
            </progress>
            <p id="upload-progress-text" class="hint" role="status"></p>
          </div>
        </section>
        <ReportCard say={say} />
        <section class="card" aria-labelledby="keep-title">
          <header>
            <h2 id="keep-title">{say("upload.keep")}</h2>
            <button type="button" class="small" data-copy="upload-call">
              <Icon name="copy" />
              <span>{say("call.copy")}</span>
            </button>
          </header>
          <p class="hint">{say("upload.keep.hint")}</p>
          <pre class="code" id="upload-call" tabindex={0}></pre>
        </section>
      </div>
      {["columns", "formats", "zones", "intervals"].map((list) => (
        <datalist id={`upload-${list}`}></datalist>
      ))}
    </div>
  );
}

function TargetCard({ say }: { readonly say: Say }): Markup {
  return (
    <section class="card" aria-labelledby="file-title">
      <header>
        <h2 id="file-title">{say("upload.file")}</h2>
        <p class="hint" id="upload-facts"></p>
      </header>
      <p id="upload-refusal" class="fault" role="status" hidden></p>
      <fieldset class="target">
        <legend>{say("upload.target")}</legend>
        <label class="choice">
          <input type="radio" name="into" id="upload-one" value="one" checked />
          {say("upload.one")}
        </label>
        <label>
          <span>{say("upload.id")}</span>
          <input id="upload-id" maxlength={64} autocomplete="off" spellcheck={false} />
        </label>
        <label class="choice">
          <input type="radio" name="into" id="upload-many" value="many" />
          {say("upload.many")}
        </label>
        <p class="hint id" id="upload-many-hint"></p>
      </fieldset>
    </section>
  );
}

function PreviewCard({ say }: { readonly say: Say }): Markup {
  return (
    <section class="card" aria-labelledby="preview-title">
      <header>
        <h2 id="preview-title">{say("upload.preview")}</h2>
      </header>
      <Frame label={say("upload.preview")}>
        <Head say={say} columns={["upload.line", "upload.text", "upload.reading"]} />
        <tbody id="upload-preview"></tbody>
      </Frame>
    </section>
  );
}

function OptionsCard({ say }: { readonly say: Say }): Markup {
  return (
    <section class="card" aria-labelledby="options-title">
      <header>
        <h2 id="options-title">{say("upload.options")}</h2>
      </header>
      <div id="upload-own" hidden>
        <h3 id="own-title">{say("upload.preset.own")}</h3>
        <ul class="row own-presets" id="upload-own-list" aria-labelledby="own-title"></ul>
      </div>
      <div id="upload-options" class="option-groups"></div>
      <div id="upload-columns-table">
        <h3>{say("upload.columns")}</h3>
        <Frame label={say("upload.columns")}>
          <Head
            say={say}
            columns={["upload.column", "upload.column.samples", "upload.column.metric"]}
          />
          <tbody id="upload-columns-body"></tbody>
        </Frame>
      </div>
      <form id="upload-save" class="row save-preset">
        <label>
          <span>{say("upload.preset.title")}</span>
          <input id="upload-save-title" maxlength={100} autocomplete="off" />
        </label>
        <button type="submit">{say("upload.preset.save")}</button>
        <p id="upload-save-said" class="hint" role="status"></p>
      </form>
    </section>
  );
}

function ReportCard({ say }: { readonly say: Say }): Markup {
  return (
    <section class="card" id="upload-report" aria-labelledby="upload-report-title" hidden>
      <header>
        <h2>
          <span id="upload-report-title" role="status"></span>
        </h2>
      </header>
      <dl class="counts" id="upload-counts"></dl>
      <p class="row" id="upload-links"></p>
      <div id="upload-calendar" hidden>
        <h3>{say("upload.calendar")}</h3>
        <p id="upload-calendar-text"></p>
        <ul class="row keys" aria-hidden="true">
          {(["file", "both", "stored"] as const).map((kind) => (
            <li>
              <span class={`day ${kind}`}></span> {say(`upload.day.${kind}`)}
            </li>
          ))}
        </ul>
        <div id="upload-calendar-days"></div>
      </div>
      <div id="upload-rejects" hidden>
        <h3 id="upload-rejects-title"></h3>
        <Frame label={say("upload.count.rejected")}>
          <Head say={say} columns={["upload.line", "upload.text", "upload.why"]} />
          <tbody id="upload-rejects-body"></tbody>
        </Frame>
      </div>
      <div id="upload-meters" hidden>
        <h3>{say("upload.each")}</h3>
        <Frame label={say("upload.each")}>
          <Head
            say={say}
            columns={[
              "meters.id",
              "upload.count.inserted",
              "upload.count.updated",
              "upload.count.unchanged",
              "upload.count.rejected",
              "upload.problem",
            ]}
          />
          <tbody id="upload-meters-body"></tbody>
        </Frame>
      </div>
    </section>
  );
}

function Frame({ label, children }: { label: string; children?: unknown }): Markup {
  return (
    <div class="table-frame short" tabindex={0} role="group" aria-label={label}>
      <table>{children}</table>
    </div>
  );
}

function Head({ say, columns }: { say: Say; columns: readonly TextKey[] }): Markup {
  return (
    <thead>
      <tr>
        {columns.map((key) => <th scope="col">{say(key)}</th>)}
      </tr>
    </thead>
  );
}
