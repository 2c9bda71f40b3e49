/**
 * What the parts of the page of a meter or device have in common.
 *
 * @module
 */

import { unitText } from "../assets/units.js";
import type { ChartSource } from "../charts/chart_source.ts";
import { Icon } from "./icons.tsx";
import type { Markup } from "./markup.ts";
import type { View } from "./view.ts";

/** What the parts of the page show. */
export interface SourceView {
  /** The request. */
  readonly view: View;
  /** The source. */
  readonly source: ChartSource;
  /** The zone of the page. */
  readonly zone: string;
}

/** A metric with its unit, if it has one. */
export function metricText({ name, label = name, unit }: {
  readonly name: string;
  readonly label?: string;
  readonly unit: string;
}): string {
  return unitText(unit) === "" ? label : `${label} (${unitText(unit)})`;
}

/** The call of the API behind a card. */
export function CallOf({ view: { say, origin }, source: { kind, id }, path }: {
  readonly view: View;
  readonly source: ChartSource;
  readonly path: string;
}): Markup {
  const base = kind === "meter" ? "/api/meters/" : "/devices/";
  return (
    <details class="call no-print">
      <summary>
        <Icon name="code" />
        <span>{say("call.show")}</span>
      </summary>
      <pre tabindex={0}>{`curl '${origin}${base}${encodeURIComponent(id)}/${path}'`}</pre>
    </details>
  );
}
