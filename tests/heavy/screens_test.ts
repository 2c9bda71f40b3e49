import type { Page } from "playwright-core";
import { assert, assertEquals } from "../support/assert.ts";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { hasBrowser } from "./browser.ts";
import { isTooWide, keepScreenshot, LOOKS, openBrowser, violationsOf } from "./pages.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await hasBrowser();
const MINUTE_MS = 60_000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS;

/** Every screen by a name for its pictures. */
const SCREENS = {
  home: "/",
  meters: "/meters",
  fleet: "/fleet",
  "fleet-devices": "/fleet/devices",
  "fleet-alerts": "/fleet/alerts",
  export: "/export",
  upload: "/upload",
  settings: "/settings",
  nothing: "/nothing/here",
} as const;
/** What keeps itself up to date, with something that shows that it is there. */
const LIVE = {
  home: ["/", "#home"],
  meter: ["/meters/house", "#chart .u-over"],
  device: ["/device/battery-1", "#source-last"],
  export: ["/export?id=house", "tr[data-job]"],
  fleet: ["/fleet", "a[data-day]"],
} as const;

async function send(url: string, request: string, body: unknown): Promise<void> {
  const [method, path] = request.split(" ");
  const isText = typeof body === "string";
  const answer = await fetch(url + path, {
    method,
    headers: { "content-type": isText ? "text/csv" : "application/json" },
    body: isText ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  assert(answer.ok, `${request}: ${answer.status} ${text}`);
}

/** The load of a house, kW: a base, a peak in the evening, and none of it by chance. */
function houseKw(ms: number): number {
  const hour = ms % DAY_MS / HOUR_MS, day = Math.floor(ms / DAY_MS);
  const evening = 2.2 * Math.exp(-((hour - 18.5) ** 2) / 5);
  const morning = 1.1 * Math.exp(-((hour - 6.5) ** 2) / 2);
  return Math.round(1_000 * (0.3 + (evening + morning) * (0.8 + 0.3 * Math.sin(day)))) / 1_000;
}

/** A house, a meter that is late, batteries, stores, an alert, a schedule and an export. */
async function seed(url: string, nowMs: number): Promise<void> {
  const rows = ["timestamp,power_kw"];
  for (let ms = nowMs - 100 * DAY_MS; ms < nowMs - 10 * MINUTE_MS; ms += 15 * MINUTE_MS) {
    const isGap = ms > nowMs - 40 * DAY_MS && ms < nowMs - 37 * DAY_MS;
    if (!isGap) rows.push(`${new Date(ms).toISOString()},${houseKw(ms)}`);
  }
  await send(url, "PUT /api/meters/house", { label: "House", timezone: "Europe/Berlin" });
  await send(url, "POST /api/meters/house/readings", rows.join("\n") + "\n");
  const late = new Date(nowMs - 40 * HOUR_MS).toISOString();
  await send(url, "POST /api/meters/barn/readings", `timestamp,energy_kwh\n${late},0.25\n`);
  for (let device = 1; device <= 3; device++) {
    const id = `battery-${device}`;
    const offline_after_seconds = device === 3 ? 1 : 86_400;
    await send(url, `PUT /devices/${id}`, {
      profile: "battery",
      location: `Hall ${device}`,
      offline_after_seconds,
    });
    const message = (back: number) => ({
      device_id: id,
      timestamp: new Date(nowMs - back * MINUTE_MS).toISOString(),
      metrics: { soc_percent: 90 - back / 4, voltage_v: 400, current_a: device, temp_c: 21 },
    });
    await send(url, "POST /telemetry", Array.from({ length: 120 }, (_, at) => message(120 - at)));
  }
  const day = (back: number) => new Date(nowMs - back * DAY_MS).toISOString().slice(0, 10);
  const stores = ["Berlin-1", "Graz-2", "Linz-3"];
  const polls = stores.flatMap((store, index) =>
    Array.from({ length: 80 }, (_, at) => at + 2).flatMap((back) =>
      [7, 10, 13, 16, 19].filter(() => back % 31 !== index + 4).map((hour) => {
        const isDown = (back * 7 + hour * 3 + index) % 17 === 0;
        const clock = String(hour).padStart(2, "0");
        return `${store},${day(back)}T${clock}:00:00Z,${isDown ? "inactive" : "active"}`;
      })
    )
  );
  const zones = stores.map((store) => `${store},Europe/Berlin`);
  const hours = stores.flatMap((store) =>
    [0, 1, 2, 3, 4, 5].map((weekday) => `${store},${weekday},08:00,20:00`)
  );
  const lines = (head: string, rest: string[]) => `${[head, ...rest].join("\n")}\n`;
  await send(url, "POST /stores/timezones", lines("store_id,timezone_str", zones));
  await send(url, "POST /stores/hours", lines("store_id,day,start,end", hours));
  await send(url, "POST /stores/status", lines("store_id,timestamp_utc,status", polls));
  await send(url, "POST /api/alerts", {
    name: "Battery silent",
    on: "devices",
    condition: { type: "offline", for_seconds: 0 },
  });
  await send(url, "POST /api/schedules", {
    name: "Monthly: house",
    cron: "0 6 1 * *",
    timezone: "Europe/Berlin",
    request: { smart_meter_id: "house", period: "last_month", format: "csv" },
  });
  await send(url, "POST /api/exports", { smart_meter_id: "house", period: "last_month" });
}

/** Keeps a picture of a page, which must fit in its window. */
async function look(page: Page, name: string): Promise<void> {
  assertEquals(await isTooWide(page), false, name);
  await keepScreenshot(page, name);
}

Deno.test({
  name: "every screen is without a fault while it is empty, full, and in each look",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, {
      KV_PATH: ":memory:",
      DEMO_DATA: "false",
    });
    await using browser = await openBrowser();
    {
      await using empty = await browser.open(service.url);
      for (const [name, path] of Object.entries(SCREENS)) {
        await empty.page.goto(service.url + path);
        // The tests of each screen look for violations while it is full.
        assertEquals(await violationsOf(empty.page), [], name);
        await look(empty.page, `${name}-empty`);
      }
      // Chromium reports the answer to the path where nothing is.
      assertEquals(empty.complaints.filter((text) => !text.includes("404")), []);
    }
    await seed(service.url, Date.now());
    for (const [name, options] of Object.entries(LOOKS)) {
      await using full = await browser.open(service.url, options);
      for (const [screen, path] of Object.entries(SCREENS)) {
        await full.page.goto(service.url + path);
        await look(full.page, `${screen}-full-${name}`);
      }
      for (const [screen, [path, sign]] of Object.entries(LIVE)) {
        if (screen !== "meter" && screen !== "device") continue;
        await full.page.goto(service.url + path);
        await full.page.locator(sign).first().waitFor();
        await full.page.waitForTimeout(300);
        await look(full.page, `${screen}-full-${name}`);
      }
      assertEquals(full.complaints.filter((text) => !text.includes("404")), []);
    }
  },
});

Deno.test({
  name: "every screen that is live says when the service is away, and comes back with it",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    const settings = { KV_PATH: `${folder.path}/kv`, DEMO_DATA: "false" };
    const service = await startProcess(folder.path, settings);
    const { port } = new URL(service.url);
    await seed(service.url, Date.now());
    await using browser = await openBrowser();
    await using stack = new AsyncDisposableStack();
    const pages: [string, Page][] = [];
    for (const [name, [path, sign]] of Object.entries(LIVE)) {
      const seen = stack.use(await browser.open(service.url + path));
      await seen.page.locator(sign).first().waitFor();
      pages.push([name, seen.page]);
    }
    for (const [, page] of pages) await page.locator("#connection[data-state=on]").waitFor();
    await service[Symbol.asyncDispose]();
    for (const [name, page] of pages) {
      await page.locator("#connection[data-state=lost]").waitFor();
      if (name === "home" || name === "meter") assertEquals(await violationsOf(page), [], name);
      await look(page, `${name}-broken`);
    }
    await using _again = await startProcess(folder.path, { ...settings, PORT: port });
    for (const [name, page] of pages) {
      await page.locator("#connection[data-state=on]").waitFor({ timeout: 30_000 });
      assertEquals(await page.locator("html[data-lost]").count(), 0, name);
    }
  },
});
