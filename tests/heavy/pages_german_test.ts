import { assertEquals } from "../support/assert.ts";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { hasBrowser } from "./browser.ts";
import { isTooWide, keepScreenshot, LOOKS, openBrowser, violationsOf } from "./pages.ts";
import { send } from "./send.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await hasBrowser();

/** A meter with gaps in this year and the last, a device, a store, an export and a schedule. */
async function seed(url: string): Promise<void> {
  const now = Date.now();
  const at = (hours: number) => new Date(now - hours * 3_600_000).toISOString();
  const hours = Array.from({ length: 12_000 }, (_, hour) => hour).filter((hour) => hour % 50 > 2);
  const rows = hours.map((hour) => `${at(hour)},${hour % 24},230`).reverse();
  await send(url, "PUT", "/api/meters/hall", { label: "Halle", timezone: "Europe/Berlin" });
  await send(
    url,
    "POST",
    "/api/meters/hall/readings",
    `timestamp,power_kw,voltage_v\n${rows.join("\n")}\n`,
  );
  await send(url, "PUT", "/devices/battery", { profile: "battery", location: "Keller" });
  for (const hour of [30, 5, 4, 3]) {
    await send(url, "POST", "/telemetry", {
      device_id: "battery",
      timestamp: at(hour),
      metrics: { soc_percent: 50, voltage_v: 400, current_a: null, temp_c: 20 },
    });
  }
  await send(url, "POST", "/api/exports", {
    smart_meter_id: "hall",
    period: "last_7_days",
    format: "csv",
  });
  await send(url, "POST", "/api/schedules", {
    name: "Monatlich",
    cron: "0 6 1 * *",
    request: { kind: "export", smart_meter_id: "hall", period: "last_month", format: "csv" },
  });
  const polls = [1, 2, 30].map((hour) => `corner,${at(hour)},inactive`).join("\n");
  await send(url, "POST", "/stores/status", `store_id,timestamp_utc,status\n${polls}\n`);
}

/** Every page, and on a phone those with wide tables. */
const PATHS = {
  light: [
    "/",
    "/meters",
    "/meters/hall",
    "/device/battery",
    "/export?id=hall",
    "/upload",
    "/fleet",
    "/sign-in",
  ],
  phone: ["/meters/hall", "/export?id=hall"],
} as const;

Deno.test({
  name: "axe finds nothing wrong on any page in German, with all details open, on a phone too",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, { KV_PATH: ":memory:" });
    await seed(service.url);
    await using browser = await openBrowser();
    for (const look of ["light", "phone"] as const) {
      await using opened = await browser.open("about:blank", { ...LOOKS[look], locale: "de-DE" });
      const { page, complaints } = opened;
      for (const path of PATHS[look]) {
        await page.goto(service.url + path);
        assertEquals(await page.locator("html").getAttribute("lang"), "de", path);
        await page.evaluate(`document.querySelectorAll("main details")
          .forEach((details) => details.open = true)`);
        assertEquals(await violationsOf(page), [], `${path} ${look}`);
        assertEquals(await isTooWide(page), false, `${path} ${look}`);
        await keepScreenshot(page, `german-${path.split(/[/?]/)[1] || "home"}-${look}`);
      }
      assertEquals(complaints, []);
    }
  },
});
