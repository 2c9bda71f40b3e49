/**
 * The parts of the screen of the fleet.
 *
 * @module
 */

import type { Markup } from "./markup.ts";
import type { View } from "./view.ts";

const TABS = [
  ["stores", "/fleet"],
  ["devices", "/fleet/devices"],
  ["alerts", "/fleet/alerts"],
] as const;

/** Links to the parts. */
export function FleetTabs({ view: { say }, current }: {
  readonly view: View;
  readonly current: typeof TABS[number][0];
}): Markup {
  return (
    <nav class="fleet-tabs no-print" aria-label={say("nav.fleet")}>
      <ul class="row">
        {TABS.map(([name, href]) => (
          <li>
            <a href={href} aria-current={name === current ? "page" : undefined}>
              {say(`fleet.${name}`)}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
