import type { Page } from "playwright-core";
import { assert, assertEquals } from "../support/assert.ts";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { hasBrowser } from "./browser.ts";
import { openBrowser } from "./pages.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await hasBrowser();

/** Texts that become elements, attributes or scripts where a page does not escape them. */
const NASTY = {
  element: `<img src=x onerror=alert(1)>`,
  script: `</script><script>alert(2)</script>`,
  attribute: `" autofocus onfocus=alert(3) x="`,
  quote: `' onmouseover='alert(4)`,
  template: "{{id}} ${alert(5)} <!--",
} as const;
/** Ids may have these characters only. */
const IDS = { meter: "..m_-:.", device: "_:d-.", store: "s_:-." } as const;
/** The texts that users see of meters, devices, schedules and alerts, by the kind of markup. */
const TEXTS = Object.values(NASTY);

async function send(url: string, method: string, path: string, body: unknown): Promise<Response> {
  const isText = typeof body === "string";
  const answer = await fetch(url + path, {
    method,
    headers: { "content-type": isText ? "text/csv" : "application/json" },
    body: isText ? body : JSON.stringify(body),
  });
  assert(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer;
}

/** A meter, a device, a schedule and an alert for each text, and what they need to be shown. */
async function seed(url: string): Promise<void> {
  const now = Date.now();
  const at = (hours: number) => new Date(now - hours * 3_600_000).toISOString();
  for (const [index, text] of TEXTS.entries()) {
    const meter = index === 0 ? IDS.meter : `m${index}`;
    const device = index === 0 ? IDS.device : `d${index}`;
    await send(url, "PUT", `/api/meters/${meter}`, { label: text });
    const rows = [40, 39.75, 39.5, 31, 30.75].map((hours) => `${at(hours)},1`).join("\n");
    await send(url, "POST", `/api/meters/${meter}/readings`, `timestamp,power_kw\n${rows}\n`);
    await send(url, "PUT", `/devices/${device}`, {
      profile: "battery",
      location: text,
      offline_after_seconds: 1,
    });
    await send(url, "POST", "/telemetry", {
      device_id: device,
      timestamp: at(1),
      metrics: { soc_percent: 50, voltage_v: 400, current_a: 1, temp_c: 90 },
    });
    await send(url, "POST", "/api/schedules", {
      name: text.slice(0, 100),
      cron: "0 6 1 * *",
      request: { kind: "export", smart_meter_id: meter, period: "last_month", format: "csv" },
    });
    await send(url, "POST", "/api/alerts", {
      name: text.slice(0, 100),
      severity: "critical",
      note: text,
      on: "devices",
      scope: { ids: [device] },
      condition: { type: "above", metric: "temp_c", limit: 45, for_seconds: 1 },
    });
  }
  await send(url, "POST", "/api/exports", {
    smart_meter_id: IDS.meter,
    period: "last_7_days",
    format: "csv",
  });
  const polls = [1, 2, 3].map((hours) => `${IDS.store},${at(hours)},inactive`).join("\n");
  await send(url, "POST", "/stores/status", `store_id,timestamp_utc,status\n${polls}\n`);
}

/** The pages that show what was seeded, and where they show texts of users. */
const PAGES: readonly { path: string; texts: readonly string[] }[] = [
  { path: "/", texts: TEXTS },
  { path: "/meters", texts: TEXTS },
  { path: `/meters?search=${encodeURIComponent(NASTY.attribute)}`, texts: [] },
  { path: `/meters/${IDS.meter}`, texts: [NASTY.element] },
  ...TEXTS.slice(1).map((text, index) => ({ path: `/meters/m${index + 1}`, texts: [text] })),
  { path: `/device/${IDS.device}`, texts: [NASTY.element] },
  ...TEXTS.slice(1).map((text, index) => ({ path: `/device/d${index + 1}`, texts: [text] })),
  { path: "/export", texts: TEXTS },
  ...TEXTS.map((text) => ({
    path: `/export?${new URLSearchParams({
      id: text,
      kind: "meter",
      timezone: text,
      start: text,
      end: text,
      format: text,
      interval: text,
    })}`,
    texts: [],
  })),
  { path: "/fleet", texts: [IDS.store] },
  { path: `/fleet?after=${encodeURIComponent(NASTY.script)}`, texts: [] },
  { path: "/upload", texts: [] },
  { path: `/sign-in?to=${encodeURIComponent(NASTY.attribute)}`, texts: [] },
  { path: `/nothing/${encodeURIComponent(NASTY.element)}`, texts: [] },
];

/** Notes what must not happen: a dialog, or an action that the policy of the page blocked. */
async function watch(page: Page): Promise<string[]> {
  const seen: string[] = [];
  page.on("dialog", async (dialog) => {
    seen.push(`dialog ${dialog.message()}`);
    await dialog.dismiss();
  });
  await page.exposeFunction("reportBlocked", (text: string) => seen.push(text));
  await page.addInitScript(`addEventListener("securitypolicyviolation", (event) =>
    globalThis.reportBlocked("blocked " + event.violatedDirective + " " + event.sample))`);
  return seen;
}

/** Drops a file on the page. Runs in the browser, whose names are not known here. */
const DROP = `([text, name]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([text], name, { type: "text/csv" }));
  document.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
}`;

/** Elements that markup in a text would have made. */
const INTRUDERS = `img[src=x], [onerror], [onfocus], [onmouseover], script:not([src]):not([type])`;

Deno.test({
  name: "markup in what users name shows as text on every page",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, { KV_PATH: ":memory:" });
    await seed(service.url);
    await using browser = await openBrowser();
    await using opened = await browser.open("about:blank");
    const { page } = opened;
    const seen = await watch(page);
    for (const { path, texts } of PAGES) {
      await page.goto(service.url + path);
      // Scripts add the list of schedules later.
      if (path === "/export") await page.locator("#schedules tbody tr").first().waitFor();
      const shown = await page.evaluate<string>(
        `document.body.textContent + [...document.querySelectorAll("input,option")]
          .map(({ value }) => value).join(" ")`,
      );
      for (const text of texts) assert(shown.includes(text), `${path} does not show ${text}`);
      assertEquals(await page.locator(INTRUDERS).count(), 0, path);
      assertEquals(seen, [], path);
    }
  },
});

Deno.test({
  name: "markup in names, headers and values of uploads shows as text",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, { KV_PATH: ":memory:" });
    await using browser = await openBrowser();
    await using opened = await browser.open("about:blank");
    const { page } = opened;
    const seen = await watch(page);
    for (const text of TEXTS) {
      await page.goto(`${service.url}/upload`);
      const field = `"${text.replaceAll('"', '""')}"`;
      const lines = [
        `Time,"${text.replaceAll('"', '""')} kWh",energy_kwh`,
        "2024-01-01T00:00:00Z,1,1",
        `2024-01-01T00:15:00Z,${field},2`,
        `${field},1,3`,
        "2024-01-01T00:45:00Z,1,1",
        "",
      ];
      await page.evaluate(
        `(${DROP})(${JSON.stringify([lines.join("\n"), `${text.replaceAll("/", "_")}.csv`])})`,
      );
      await page.locator("#upload-preview tr").first().waitFor();
      assert((await page.locator("#upload-preview").textContent())?.includes(text), text);
      assert((await page.locator("#upload-columns-body").textContent())?.includes(text), text);
      await page.locator("#upload-id").fill("m");
      await page.keyboard.press("Tab");
      await page.locator("#upload-dry:enabled").click();
      await page.locator("#upload-rejects-body tr").first().waitFor();
      assertEquals(await page.locator(INTRUDERS).count(), 0, text);
      assertEquals(seen, [], text);
    }
  },
});
