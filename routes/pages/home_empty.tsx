/**
 * Home of a service that has nothing yet: two ways to begin.
 *
 * @module
 */

import { CopyButton } from "./components.tsx";
import { curlOf } from "./curl.ts";
import { Icon } from "./icons.tsx";
import type { Markup } from "./markup.ts";
import { SCREENS } from "./navigation.ts";
import type { View } from "./view.ts";

/** The two ways. */
export function EmptyHome({ view }: { readonly view: View }): Markup {
  const { say } = view;
  const message = {
    device_id: "battery-1",
    timestamp: new Date(view.nowMs).toISOString().replace(/\.\d+Z$/, "Z"),
    metrics: { soc_percent: 81.5, voltage_v: 398.4, current_a: -3.4, temp_c: 21 },
  };
  return (
    <div data-empty>
      <div class="heading">
        <h1>{say("home.empty")}</h1>
      </div>
      <div class="begin">
        {view.may("import")
          ? (
            <section class="card" aria-labelledby="begin-file">
              <h2 id="begin-file">{say("home.empty.file")}</h2>
              <p class="muted">{say("home.empty.file.text")}</p>
              <UploadLink view={view} />
            </section>
          )
          : null}
        <section class="card" aria-labelledby="begin-device">
          <h2 id="begin-device">{say("home.empty.device")}</h2>
          <p class="muted">{say("home.empty.device.text")}</p>
          <pre class="code" id="first-message" tabindex={0}>
            {curlOf(view, { path: "/telemetry", json: message })}
          </pre>
          <div class="row">
            <CopyButton view={view} of="first-message" />
            <p class="waiting" role="status" data-live id="waiting">{say("home.empty.waiting")}</p>
          </div>
        </section>
      </div>
    </div>
  );
}

function UploadLink({ view }: { readonly view: View }): Markup {
  const { say } = view;
  const href = SCREENS.find(({ id }) => id === "upload")?.href ?? "/docs#/Meters/importReadings";
  return (
    <a class="drop" href={href} data-drop>
      <Icon name="upload" />
      <span>{say("home.empty.drop")}</span>
    </a>
  );
}
