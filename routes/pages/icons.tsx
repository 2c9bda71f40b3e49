/**
 * The icons of the pages. They say nothing that a text next to them does not say, so they are hidden
 * from screen readers.
 *
 * @module
 */

import type { Markup } from "./markup.ts";

const PATHS = {
  home: "M3 11.5 12 4l9 7.5M5.5 9.7V20h5v-5.5h3V20h5V9.7",
  meter:
    "M4 17a8.5 8.5 0 1 1 16 0M12 15.5l3.6-5.2M6.8 17h10.4M12 5.6v1.6M5.9 9.4l1.3.9M18.1 9.4l-1.3.9",
  export: "M12 4v11M7.5 10.8 12 15.3l4.5-4.5M4 19.5h16",
  upload: "M12 15.5V4.5M7.5 9 12 4.5 16.5 9M4 19.5h16",
  fleet: "M4 20V9.5l8-5 8 5V20M9 20v-6h6v6M4 20h16",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.6v4.8M9 14.6v4.8",
  alert: "M12 4.5 21 19.5H3zM12 10v4.5M12 17v.4",
  check: "M4.5 12.5l5 5 10-11",
  copy: "M8.5 8.5h11v11h-11zM15.5 8.5v-4h-11v11h4",
  code: "M8.5 7 3.5 12l5 5M15.5 7l5 5-5 5",
  display: "M12 3.5v17M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 0 0 0-17z",
  out: "M14 4.5h5.5v15H14M4 12h10.5M10.8 8.2 14.6 12l-3.8 3.8",
} as const;

/** The name of an icon. */
export type IconName = keyof typeof PATHS;

/** An icon, as large as the text around it. */
export function Icon({ name }: { readonly name: IconName }): Markup {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
