/**
 * Measures in a browser how long pages take to draw. The browser's driver is a dependency of
 * `tests/heavy` only, so a program there measures.
 *
 * @module
 */

import { z } from "zod";
import type { Bench } from "./bench.ts";
import { absolute, type Figure } from "./figure.ts";
import { exists, runProgram } from "./program.ts";
import { reportSkipped } from "./skipped.ts";
import { TARGETS } from "./targets.ts";

const HEAVY = new URL("../heavy/", import.meta.url);
const CHROMIUM = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";

const measured = z.object({
  homeMs: z.number(),
  heatMapMs: z.number(),
  heatMapDataMs: z.number(),
  heatMapDataBytes: z.number(),
  redrawMs: z.number(),
  uploadFrameMs: z.number(),
  uploadFrames: z.array(z.string()),
});

/** Runs the measurement; leaves it out if no browser is installed. */
export async function measurePages({ options: { signal }, details }: Bench): Promise<Figure[]> {
  if (!await exists(CHROMIUM)) {
    reportSkipped("pages", "Chromium is not installed");
    return [];
  }
  const printed = await runProgram(Deno.execPath(), {
    args: ["run", "--frozen", "--no-check", "-A", "pages_figures.ts"],
    cwd: HEAVY,
    signal,
  });
  const { uploadFrames, ...figures } = measured.parse(JSON.parse(printed));
  details(
    `\nThe longest frames of an upload of 5 million lines:\n\n${uploadFrames.join("\n")}`,
  );
  const figure = (what: string, ours: number, unit: string, target: keyof typeof TARGETS) =>
    absolute(what, { ours, unit, target: TARGETS[target] });
  return [
    figure("Home until its scripts have run", figures.homeMs, "ms", "homeMs"),
    figure("heat map of a year of minutes, data", figures.heatMapDataMs, "ms", "heatMapDataMs"),
    figure("the same, as sent", figures.heatMapDataBytes / 1e6, "MB", "heatMapDataMb"),
    figure("the same, drawing", figures.heatMapMs, "ms", "heatMapMs"),
    figure("chart of 50,000 points, drawing again", figures.redrawMs, "ms", "redrawMs"),
    figure("longest frame of a large upload", figures.uploadFrameMs, "ms", "uploadFrameMs"),
  ];
}
