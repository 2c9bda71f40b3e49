import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { hasBrowser } from "./browser.ts";
import { isTooWide, keepScreenshot, LOOKS, openBrowser, violationsOf } from "./pages.ts";
import { send } from "./send.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await hasBrowser();
const NASTY = `<img src=x onerror="document.title='owned'">`;

/** Minutes of Berlin's 2024 without three days of March; the power is the minute of the hour. */
function yearOfMinutes(): string {
  const lines = ["timestamp,power_kw"];
  const gap = [Date.UTC(2024, 2, 10), Date.UTC(2024, 2, 13)];
  for (let ms = Date.UTC(2023, 11, 31, 23); ms < Date.UTC(2024, 11, 31, 23); ms += 60_000) {
    if (ms >= gap[0] && ms < gap[1]) continue;
    lines.push(`${new Date(ms).toISOString().slice(0, 16)}Z,${ms / 60_000 % 60}`);
  }
  return `${lines.join("\n")}\n`;
}

Deno.test({
  name: "a year of minutes is drawn within 300 ms, and is found by mouse and by keyboard",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, {
      KV_PATH: ":memory:",
      DEMO_DATA: "false",
    });
    const { url } = service;
    await send(url, "PUT", "/api/meters/m", { timezone: "Europe/Berlin", label: NASTY });
    await send(url, "POST", "/api/meters/m/readings", yearOfMinutes());
    await using browser = await openBrowser();
    await using seen = await browser.open(`${url}/meters/m`);
    const { page } = seen;
    await page.locator("#heat[data-drawn-ms]").waitFor();
    assert(Number(await page.locator("#heat").getAttribute("data-drawn-ms")) <= 300);
    assertEquals(await page.locator("h1").innerText(), NASTY);
    await page.locator("#chart .u-over").waitFor();

    // 27 October has 25 hours: 300 days after 1 January, at 02:30.
    await page.locator("#heat").focus();
    for (let month = 0; month < 10; month++) await page.keyboard.press("PageDown");
    for (let quarter = 0; quarter < 38; quarter++) await page.keyboard.press("ArrowUp");
    const text = await page.locator("#heat-readout").innerText();
    assertMatch(text, /27 October, 02:30/);
    assertMatch(text, /30 kW · second time: 30 kW · a day of 25 hours/);
    await page.keyboard.press("Enter");
    await page.locator("#chart-range").getByText("27/10/2024, 00:00 – 27/10/2024, 23:59").waitFor();
    await page.locator("#chart-table summary").click();
    assertEquals(await page.locator("#chart-table tbody tr").count(), 500);

    // Dragging over the middle third zooms in, a double click goes back.
    const box = await page.locator("#chart .u-over").boundingBox();
    assert(box !== null);
    await page.mouse.move(box.x + box.width / 3, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 2 / 3, box.y + 40, { steps: 5 });
    await page.mouse.up();
    await page.locator("#chart-range").getByText(/27\/10\/2024, 0[78]:.* – 27\/10\/2024, 1[56]:/)
      .waitFor();
    await page.locator("#chart .u-over").dblclick();
    await page.locator("#chart-range").getByText("27/10/2024, 00:00 – 27/10/2024, 23:59").waitFor();
    assertEquals(seen.complaints, []);

    for (const [look, options] of Object.entries(LOOKS)) {
      await using other = await browser.open(`${url}/meters/m`, options);
      await other.page.locator("#heat[data-drawn-ms]").waitFor();
      await other.page.locator("#chart .u-over").waitFor();
      assertEquals(await violationsOf(other.page), [], look);
      assertEquals(await isTooWide(other.page), false, look);
      await keepScreenshot(other.page, `meter-${look}`);
    }
  },
});

Deno.test({
  name: "the page of a device shows a new reading within two seconds, without being loaded again",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, {
      KV_PATH: ":memory:",
      DEMO_DATA: "false",
    });
    const { url } = service;
    const message = (soc_percent: number) => ({
      device_id: "bat",
      timestamp: new Date().toISOString(),
      metrics: { soc_percent, voltage_v: 380, current_a: null, temp_c: 20 },
    });
    await send(url, "POST", "/telemetry", message(40));
    await using browser = await openBrowser();
    await using seen = await browser.open(`${url}/device/bat`);
    const { page } = seen;
    const value = page.locator("[data-metric=soc_percent]");
    assertEquals(await value.innerText(), "40");
    await page.locator("#connection[data-state=on]").waitFor();
    await send(url, "POST", "/telemetry", message(41.5));
    await value.getByText("41.5").waitFor({ timeout: 2_000 });
    assertEquals(await page.locator("[data-metric=current_a]").innerText(), "missing");
    assertEquals(await violationsOf(page), []);
    await keepScreenshot(page, "device-light");
    assertEquals(seen.complaints, []);
  },
});
