/**
 * Bars: one a day, divided into up, down and unknown; closed days have a low line. Each leads to the
 * page of its day, and `routes/assets/fleet.js` shows the same next to it.
 *
 * @module
 */

import { raw } from "hono/html";
import type { UptimePart } from "../../data/stores/store_uptime.ts";
import { instantText } from "../../data/time/time_text.ts";
import { createOffsets } from "../../data/time/zone.ts";
import type { StoreUptime } from "../stores/uptime_reader.ts";
import type { FleetWords } from "./fleet_words.ts";
import type { Markup } from "./markup.ts";
import type { View } from "./view.ts";

/** Width and height of a bar, and the gap, in units of the drawing. */
const STEP = 5, WIDTH = 4, HEIGHT = 30;
/** So high that it is seen. */
const LEAST = 4, CLOSED = 3;

/** The bars of a store. */
export function Bars({ view, words, id, uptime, hrefOf }: {
  readonly view: View;
  readonly words: FleetWords;
  readonly id: string;
  readonly uptime: StoreUptime;
  /** Where a day leads; null for bars that lead nowhere. */
  readonly hrefOf: ((date: string) => string) | null;
}): Markup {
  const { parts, zone } = uptime;
  return (
    <svg
      class="bars"
      viewBox={`0 0 ${Math.max(1, parts.length) * STEP} ${HEIGHT}`}
      preserveAspectRatio="none"
      role={hrefOf === null ? "img" : "group"}
      aria-label={view.say("fleet.bars", { id })}
    >
      {raw(barsHtml(parts, { words, zone, hrefOf }))}
    </svg>
  );
}

/** The bars as HTML: a page has thousands, for which components are too slow. */
function barsHtml(
  parts: readonly UptimePart[],
  { words, zone, hrefOf }: {
    readonly words: FleetWords;
    readonly zone: string;
    readonly hrefOf: ((date: string) => string) | null;
  },
): string {
  const offsetAt = createOffsets(zone);
  return parts.map((part, index) => {
    const x = index * STEP;
    if (hrefOf === null) return barHtml(part, x);
    const date = instantText(part.fromMs + offsetAt(part.fromMs).offsetMs).slice(0, 10);
    const stop = index === parts.length - 1 ? 0 : -1;
    return `<a href="${escaped(hrefOf(date))}" tabindex="${stop}" data-day="${date}" ` +
      `aria-label="${escaped(words.bar(date, part))}">` +
      rect("hit", { x, y: 0, width: STEP, height: HEIGHT }) + barHtml(part, x) + "</a>";
  }).join("");
}

function barHtml({ openMs, upMs, downMs, unknownMs }: UptimePart, x: number): string {
  if (openMs === 0) {
    return rect("closed", { x, y: HEIGHT - CLOSED, width: WIDTH, height: CLOSED });
  }
  // From the bottom up. A short downtime is as high as one can see.
  const down = heightOf(downMs, openMs), unknown = heightOf(unknownMs, openMs);
  const up = Math.max(upMs > 0 ? LEAST : 0, HEIGHT - down - unknown);
  const scale = HEIGHT / (down + unknown + up);
  let bottom = HEIGHT;
  return ([["up", up], ["unknown", unknown], ["down", down]] as const)
    .filter(([, height]) => height > 0)
    .map(([name, height]) => {
      const size = rounded(height * scale);
      bottom -= size;
      return rect(name, { x, y: Math.max(0, rounded(bottom)), width: WIDTH, height: size });
    }).join("");
}

function rect(
  name: string,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
): string {
  return `<rect class="${name}" x="${x}" y="${y}" width="${width}" height="${height}"/>`;
}

function rounded(length: number): number {
  return Math.round(length * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}

function heightOf(ms: number, openMs: number): number {
  return ms === 0 ? 0 : Math.max(LEAST, HEIGHT * ms / openMs);
}

/** What the colors mean. */
export function Legend({ view }: { readonly view: View }): Markup {
  const words = ["up", "down", "unknown", "closed"] as const;
  return (
    <ul class="legend">
      {words.map((name) => (
        <li>
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <rect
              class={name}
              x={0}
              y={name === "closed" ? 7 : 0}
              width={10}
              height={name === "closed" ? 3 : 10}
            />
          </svg>
          {view.say(`fleet.state.${name}`)}
        </li>
      ))}
    </ul>
  );
}
