/**
 * Every file that the pages load: modules and styles of `routes/assets/`, and files of packages.
 *
 * @module
 */

import type { PagePackage } from "../docs/package_files.ts";

const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";
const SVG = "image/svg+xml";

/** A file: of `routes/assets/`, or of a package. */
export interface Asset {
  /** Its media type. */
  readonly contentType: string;
  /** Where it is if a package has it; absent for files of `routes/assets/`. */
  readonly from?: {
    readonly package: PagePackage;
    readonly path: string;
    /** The name by which our modules import it; browsers get its address in its place. */
    readonly specifier?: string;
  };
}

const TABLE = {
  "answers.js": { contentType: SCRIPT },
  "chart.js": { contentType: SCRIPT },
  "colors.js": { contentType: SCRIPT },
  "context.js": { contentType: SCRIPT },
  "copy.js": { contentType: SCRIPT },
  "export.js": { contentType: SCRIPT },
  "elements.js": { contentType: SCRIPT },
  "fleet.css": { contentType: STYLE },
  "fleet_hours.js": { contentType: SCRIPT },
  "fleet.js": { contentType: SCRIPT },
  "format.js": { contentType: SCRIPT },
  "drop.js": { contentType: SCRIPT },
  "fragment.js": { contentType: SCRIPT },
  "home.js": { contentType: SCRIPT },
  "heat_map.js": { contentType: SCRIPT },
  "icon.svg": { contentType: SVG },
  "live.js": { contentType: SCRIPT },
  "packed.js": { contentType: SCRIPT },
  "page.js": { contentType: SCRIPT },
  "preferences.js": { contentType: SCRIPT },
  "preset_name.js": { contentType: SCRIPT },
  "source.css": { contentType: STYLE },
  "source.js": { contentType: SCRIPT },
  "source_chart.js": { contentType: SCRIPT },
  "source_heat.js": { contentType: SCRIPT },
  "source_live.js": { contentType: SCRIPT },
  "source_shared.js": { contentType: SCRIPT },
  "style.css": { contentType: STYLE },
  "text.js": { contentType: SCRIPT },
  "times.js": { contentType: SCRIPT },
  "upload.css": { contentType: STYLE },
  "upload.js": { contentType: SCRIPT },
  "upload_calendar.js": { contentType: SCRIPT },
  "upload_file.js": { contentType: SCRIPT },
  "upload_options.js": { contentType: SCRIPT },
  "upload_presets.js": { contentType: SCRIPT },
  "upload_preview.js": { contentType: SCRIPT },
  "upload_runs.js": { contentType: SCRIPT },
  "upload_send.js": { contentType: SCRIPT },
  "units.js": { contentType: SCRIPT },
  "uplot.css": { contentType: STYLE, from: { package: "uplot", path: "dist/uPlot.min.css" } },
  "uplot.js": {
    contentType: SCRIPT,
    from: { package: "uplot", path: "dist/uPlot.esm.js", specifier: "uplot" },
  },
} as const satisfies Readonly<Record<string, Asset>>;

/** The name of a file. */
export type AssetName = keyof typeof TABLE;

/** All files by their names. */
export const ASSETS: Readonly<Record<AssetName, Asset>> = TABLE;
