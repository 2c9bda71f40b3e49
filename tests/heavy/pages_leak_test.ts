import type { Page } from "playwright-core";
import { assert, assertEquals } from "../support/assert.ts";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { hasBrowser } from "./browser.ts";
import { LOOKS, openBrowser } from "./pages.ts";
import { send } from "./send.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await hasBrowser();

/** A third of the updates comes before the first measurement: by then, code is compiled for good. */
const WARM_UP = 1 / 3;
/** The heap may be so much longer, bytes: 50 for each update of a meter. */
const HEAP_SLACK = 100_000;

/**
 * Runs in the page before its scripts: pauses of a second or more end at once, and updates are
 * answered in the page, each with something new, as long as `letGo` allows it.
 */
const SPEED_UP = `(live) => {
  const slow = globalThis.setTimeout, clear = globalThis.clearTimeout;
  const waiting = new Map(), channel = new MessageChannel();
  let nextId = -1;
  channel.port1.onmessage = ({ data }) => {
    const run = waiting.get(data);
    waiting.delete(data);
    run?.();
  };
  globalThis.setTimeout = (run, ms = 0, ...rest) => {
    if (ms < 1_000) return slow(run, ms, ...rest);
    waiting.set(nextId, run);
    channel.port2.postMessage(nextId);
    return nextId--;
  };
  globalThis.clearTimeout = (id) => waiting.delete(id) || clear(id);
  // A request that is answered at once leaves its timeout behind for 15 s.
  AbortSignal.timeout = () => new AbortController().signal;

  let left = 0, number = 0, go = () => {}, done = () => {};
  globalThis.letGo = (count) => new Promise((resolve) => {
    left = count;
    done = resolve;
    go();
  });
  const ask = globalThis.fetch, kept = new Map();
  const textOf = async (url) => {
    if (!kept.has(url)) kept.set(url, await (await ask(url, { headers: { accept: "text/html" } })).text());
    return kept.get(url);
  };
  globalThis.fetch = async (url, options) => {
    url = String(url);
    if (url.includes("/series?") && !url.includes("interval=raw")) {
      // The chart shows the same again, as long as what it has.
      if (!kept.has("chart")) kept.set("chart", await (await ask(url, { headers: options.headers })).arrayBuffer());
      return new Response(kept.get("chart").slice());
    }
    if (!url.includes(live)) return ask(url, options);
    if (left === 0) {
      done();
      await new Promise((resolve) => go = resolve);
    }
    left--;
    number++;
    if (url.includes("/series?")) {
      const atMs = Date.parse(new URLSearchParams(url.split("?")[1]).get("start_time")) + 1_000;
      return Response.json({
        timestamp: [new Date(atMs).toISOString()],
        columns: { power_kw: [number % 2 === 0 ? number : null] },
      });
    }
    const html = await textOf(url);
    const text = "<span>" + number + "</span>";
    const parts = html.replaceAll(/<[a-z]+[^>]*data-live[^>]*>/g, "$&" + text);
    const changed = parts === html ? html + text : parts;
    return new Response(number % 2 === 0 ? changed : changed.replaceAll("data-open", "data-was"));
  };

  globalThis.streams = 0;
  globalThis.EventSource = class extends EventTarget {
    constructor() {
      super();
      globalThis.streams++;
      const event = new MessageEvent("progress", { data: '{"progress":{"percent":50}}' });
      queueMicrotask(() => this.dispatchEvent(event));
    }
    close() {
      globalThis.streams--;
    }
  };
}`;

/** What a page holds after its garbage was collected. */
interface Held {
  readonly heap: number;
  readonly nodes: number;
  readonly listeners: number;
  readonly streams: number;
}

async function heldBy(page: Page): Promise<Held> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  // Flashes end with a frame, and what a finalizer frees is freed by the next collection.
  await page.evaluate(
    "new Promise(requestAnimationFrame).then(() => new Promise(requestAnimationFrame))",
  );
  for (let round = 0; round < 3; round++) await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const { metrics } = await session.send("Performance.getMetrics");
  const valueOf = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? NaN;
  const streams = await page.evaluate<number>("globalThis.streams");
  await session.detach();
  return {
    heap: usedSize,
    nodes: valueOf("Nodes"),
    listeners: valueOf("JSEventListeners"),
    streams,
  };
}

/** Opens a page, lets it update as often as in an hour, and compares what it holds. */
async function assertSteady(
  { url, path, live, updates }: { url: string; path: string; live: string; updates: number },
): Promise<void> {
  await using browser = await openBrowser();
  await using opened = await browser.open("about:blank", LOOKS.phone);
  const { page, complaints } = opened;
  await page.addInitScript(`(${SPEED_UP})(${JSON.stringify(live)})`);
  await page.goto(url + path);
  await page.locator("#connection").waitFor({ state: "attached" });
  await page.evaluate(`globalThis.letGo(${updates * WARM_UP})`);
  const before = await heldBy(page);
  await page.evaluate(`globalThis.letGo(${updates - updates * WARM_UP})`);
  const after = await heldBy(page);
  const text = JSON.stringify({ before, after });
  if (Deno.env.has("SHOW_FIGURES")) console.log(path, text);
  assert(after.nodes <= before.nodes + 20, text);
  assert(after.listeners <= before.listeners + 2, text);
  assert(after.heap <= before.heap + HEAP_SLACK, text);
  assert(after.streams <= 2, text);
  assertEquals(complaints, []);
}

/** Three days of quarter hours up to now, and devices that are offline. */
async function seed(url: string): Promise<void> {
  const now = Date.now();
  const at = (quarters: number) => new Date(now - quarters * 900_000).toISOString();
  const rows = Array.from({ length: 300 }, (_, row) => `${at(300 - row)},${row % 96}`);
  await send(url, "POST", "/api/meters/m/readings", `timestamp,power_kw\n${rows.join("\n")}\n`);
  for (let device = 0; device < 5; device++) {
    await send(url, "PUT", `/devices/d${device}`, { profile: "battery", offline_after_seconds: 1 });
    await send(url, "POST", "/telemetry", {
      device_id: `d${device}`,
      timestamp: at(4),
      metrics: { soc_percent: 50, voltage_v: 400, current_a: 1, temp_c: 20 },
    });
  }
}

// An hour has 720 updates of Home, one every 5 s, 3,000 of a meter and 900 of the list of jobs.
const CASES = [
  { name: "Home", path: "/", live: "/fragments/home", updates: 720 },
  { name: "the page of a meter", path: "/meters/m", live: "/series?", updates: 3_000 },
  { name: "Export with a job that runs", path: "/export", live: "/export/jobs", updates: 900 },
] as const;

for (const { name, ...one } of CASES) {
  Deno.test({
    name: `${name} holds no more nodes, listeners or memory after an hour of updates`,
    ignore,
    async fn() {
      await using folder = await makeTempFolder();
      // Without a worker, an export waits for as long as the test runs.
      await using service = await startProcess(folder.path, { ROLE: "api" });
      await seed(service.url);
      await send(service.url, "POST", "/api/exports", {
        smart_meter_id: "m",
        period: "last_7_days",
        format: "csv",
      });
      await assertSteady({ url: service.url, ...one });
    },
  });
}
