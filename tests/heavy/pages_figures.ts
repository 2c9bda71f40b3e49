/**
 * Measures in a browser how long pages take to draw. `deno task bench pages` runs it. It prints the
 * figures as JSON.
 *
 * @module
 */

import type { Page } from "playwright-core";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { openBrowser, type OpenedBrowser } from "./pages.ts";

/** A year of minutes. */
const YEAR_READINGS = 525_600;
const UPLOAD_LINES = 5_000_000;
/** Every so many lines of the upload one is wrong, so that rejects are shown as well. */
const WRONG_EVERY = 50_000;
const POINTS = 50_000;
const REDRAWS = 20;
const START_MS = Date.UTC(2024, 0, 1);

/** Figures in milliseconds or bytes. */
export interface PageFigures {
  /** What drawing the heat map of a year of minutes took, once its data were there. */
  readonly heatMapMs: number;
  /** How long the browser waited for these data, and how long they are as they were sent. */
  readonly heatMapDataMs: number;
  readonly heatMapDataBytes: number;
  /** The median frame that draws a chart of 50,000 points again. */
  readonly redrawMs: number;
  /** The longest frame while a file of 5 million lines is chosen, shown and uploaded. */
  readonly uploadFrameMs: number;
  /** What ran in the longest frames, to find out why. */
  readonly uploadFrames: readonly string[];
  /** The time until Home's scripts had run, from the beginning of the navigation. */
  readonly homeMs: number;
}

/** Readings of one minute each, as CSV. */
function* minutes(count: number, wrongEvery = Infinity): Generator<string> {
  let text = "timestamp,power_kw\n";
  for (let row = 0; row < count; row++) {
    const time = new Date(START_MS + row * 60_000).toISOString().slice(0, 16);
    text += `${time}Z,${row % wrongEvery === wrongEvery - 1 ? "much" : row % 97}\n`;
    if (text.length < 262_144) continue;
    yield text;
    text = "";
  }
  yield text;
}

/** Long frames of a page, from now on. */
async function watchFrames(page: Page): Promise<() => Promise<{ ms: number; why: string }[]>> {
  await page.evaluate(`(() => {
    globalThis.frames_ = [];
    let last = performance.now();
    const next = (now) => {
      globalThis.frames_.push({ ms: now - last, why: "at " + Math.round(now) });
      last = now;
      requestAnimationFrame(next);
    };
    requestAnimationFrame((now) => { last = now; requestAnimationFrame(next); });
    globalThis.long_ = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const scripts = entry.scripts.map((one) => one.sourceURL.split("/").at(-1) + " " +
          one.sourceFunctionName + " " + one.invoker + " " + Math.round(one.duration) + " ms");
        globalThis.long_.push({ ms: entry.duration, why: "at " + Math.round(entry.startTime) +
          " render " + Math.round(entry.startTime + entry.duration - entry.renderStart) +
          " style " + Math.round(entry.startTime + entry.duration - entry.styleAndLayoutStart) +
          "; " + scripts.join(", ") });
      }
    }).observe({ type: "long-animation-frame" });
  })()`);
  return () => page.evaluate("[...globalThis.long_, ...globalThis.frames_]");
}

async function measureSource(browser: OpenedBrowser, url: string) {
  await fetch(`${url}/api/meters/year/readings`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: ReadableStream.from(minutes(YEAR_READINGS)).pipeThrough(new TextEncoderStream()),
  });
  await using seen = await browser.open(`${url}/meters/year?year=2024`);
  const { page } = seen;
  await page.locator("#heat[data-drawn-ms]").waitFor();
  const heatMapMs = Number(await page.locator("#heat").getAttribute("data-drawn-ms"));
  const [data] = await page.evaluate<{ duration: number; encodedBodySize: number }[]>(
    `performance.getEntriesByType("resource").filter(({ name }) => name.includes("/heatmap"))
      .map(({ duration, encodedBodySize }) => ({ duration, encodedBodySize }))`,
  );
  const redraws = await page.evaluate<number[]>(`(${redraw})(${POINTS}, ${REDRAWS}, ${START_MS})`);
  const redrawMs = redraws.toSorted((one, other) => one - other)[REDRAWS >> 1];
  return {
    heatMapMs,
    heatMapDataMs: data.duration,
    heatMapDataBytes: data.encodedBodySize,
    redrawMs,
  };
}

/** Runs in the page: draws a chart again and again, each time with another span. */
const redraw = `async (points, count, startMs) => {
  const paths = performance.getEntriesByType("resource").map(({ name }) => name);
  const { createChart } = await import(paths.find((name) => name.endsWith("/chart.js")));
  const element = document.createElement("div");
  element.className = "chart";
  document.querySelector("main").prepend(element);
  const chart = createChart({
    element, zone: "Europe/Berlin", locale: "en", label: "", unit: "", bands: [],
    onZoom() {}, onZoomOut() {}, onPoint() {},
  });
  const times = Array.from({ length: points }, (_, at) => startMs / 1000 + at * 60);
  const values = times.map((_, at) => at % 97 === 0 ? null : Math.sin(at / 50) * at);
  const data = { times, values, lows: null, highs: null };
  const tookMs = [];
  for (let at = 0; at <= count; at++) {
    await new Promise(requestAnimationFrame);
    const beganMs = performance.now();
    chart.show(data, startMs, startMs + (points - at) * 60_000);
    // The chart draws itself in a microtask.
    await null;
    await null;
    if (at > 0) tookMs.push(performance.now() - beganMs);
  }
  return tookMs;
}`;

async function measureUpload(browser: OpenedBrowser, url: string, folder: string) {
  const path = `${folder}/five_million.csv`;
  await Deno.writeTextFile(path, ReadableStream.from(minutes(UPLOAD_LINES, WRONG_EVERY)));
  await using seen = await browser.open(`${url}/upload`);
  const { page } = seen;
  await page.locator("#upload-file").waitFor();
  await page.waitForTimeout(500);
  const frames = await watchFrames(page);
  await page.locator("#upload-file").setInputFiles(path);
  await page.locator("#upload-dry:enabled").click();
  await page.locator("#upload-rejects-body tr").first().waitFor({ timeout: 240_000 });
  await page.waitForTimeout(500);
  const longest = (await frames()).toSorted((one, other) => other.ms - one.ms).slice(0, 8);
  return {
    uploadFrameMs: longest[0].ms,
    uploadFrames: longest.map(({ ms, why }) => `${Math.round(ms)} ms ${why}`),
  };
}

async function measureHome(browser: OpenedBrowser, url: string): Promise<number> {
  const tookMs: number[] = [];
  for (let count = 0; count < 5; count++) {
    await using seen = await browser.open(url);
    const text = `performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd`;
    tookMs.push(await seen.page.evaluate<number>(text));
  }
  return tookMs.toSorted((one, other) => one - other)[2];
}

async function main(): Promise<void> {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, { DEMO_DATA: "false" });
  await using browser = await openBrowser();
  const figures: PageFigures = {
    homeMs: await measureHome(browser, service.url),
    ...await measureSource(browser, service.url),
    ...await measureUpload(browser, service.url, folder.path),
  };
  console.log(JSON.stringify(figures));
}

if (import.meta.main) await main();
