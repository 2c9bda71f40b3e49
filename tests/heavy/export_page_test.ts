import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { hasBrowser } from "./browser.ts";
import {
  isTooWide,
  keepScreenshot,
  LOOKS,
  openBrowser,
  type SeenPage,
  violationsOf,
} from "./pages.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await hasBrowser();

/** Quarter hours around midnight in Berlin, in winter, when it is an hour ahead of UTC. */
const READINGS = `timestamp,power_kw
2024-01-14T22:45:00Z,1
2024-01-14T23:00:00Z,2.5
2024-01-14T23:15:00Z,3
`;
/** What Excel in Germany reads of the 15th of January. */
const BERLIN = "\uFEFFtimestamp;smart_meter_id;energy_kwh;power_kw;voltage_v;current_a\r\n" +
  "15.01.2024 00:00:00;hall;;2,5;;\r\n15.01.2024 00:15:00;hall;;3;;\r\n";

async function importReadings(url: string): Promise<void> {
  const answer = await fetch(`${url}/api/meters/hall/readings`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: READINGS,
  });
  assert(answer.ok, await answer.text());
}

/** Downloads the newest file of the list, and checks its bytes. */
async function assertDownloaded({ page }: SeenPage): Promise<void> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download" }).first().click(),
  ]);
  assertEquals(await Deno.readTextFile(await download.path()), BERLIN);
}

Deno.test({
  name: "by mouse, an export in Berlin time is previewed, made, watched and downloaded",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, {
      KV_PATH: ":memory:",
      DEMO_DATA: "false",
    });
    await importReadings(service.url);
    await using browser = await openBrowser();
    await using seen = await browser.open(`${service.url}/export`);
    const { page } = seen;
    // A form that nobody filled in has the zone of the browser.
    assertEquals(await page.getByLabel("Time zone").inputValue(), "Europe/Berlin");
    await page.getByRole("checkbox", { name: "hall" }).click();
    await page.getByLabel("Period").selectOption("custom");
    await page.getByRole("textbox", { name: "From" }).fill("2024-01-15");
    await page.getByRole("textbox", { name: "To", exact: true }).fill("2024-01-15");
    await page.getByLabel("CSV dialect").selectOption("excel-de");
    await page.locator("#preview-result").getByText("smart_meter_hall").waitFor();
    const rows = page.locator("#preview-rows");
    await rows.getByText("15.01.2024 00:15:00").waitFor();
    assertStringIncludes(
      await page.locator("#code-curl").innerText(),
      `"timezone":"Europe/Berlin"`,
    );
    await keepScreenshot(page, "export-preview");
    await page.getByRole("button", { name: "Export" }).click();
    await page.locator("#jobs").getByText("Done").waitFor();
    await assertDownloaded(seen);
    // A schedule by mouse; the form stays filled in.
    await page.getByRole("button", { name: "Repeat monthly" }).click();
    const schedules = page.locator("#schedules");
    await schedules.getByText("Runs on the first of each month").waitFor();
    await schedules.getByText("Monthly: hall").waitFor();
    await schedules.getByRole("button", { name: /^Pause/ }).click();
    await schedules.getByText("Paused").waitFor();
    // The form is still filled in.
    assertEquals(await page.getByRole("checkbox", { name: "hall" }).isChecked(), true);
    await page.getByRole("button", { name: "Again" }).click();
    await page.locator("tr[data-job]").nth(1).waitFor();
    assertEquals(seen.complaints, []);

    for (const [look, options] of Object.entries(LOOKS)) {
      await using other = await browser.open(`${service.url}/export?id=hall`, options);
      await other.page.locator("tr[data-job]").first().waitFor();
      assertEquals(await violationsOf(other.page), [], look);
      assertEquals(await isTooWide(other.page), false, look);
      await keepScreenshot(other.page, `export-${look}`);
    }
  },
});

Deno.test({
  name: "by keyboard, and without JavaScript, the same export is made",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, {
      KV_PATH: ":memory:",
      DEMO_DATA: "false",
    });
    await importReadings(service.url);
    await using browser = await openBrowser();
    const query = "start=2024-01-15&end=2024-01-15&timezone=Europe/Berlin&csv=excel-de";
    for (const javaScriptEnabled of [true, false]) {
      await using seen = await browser.open(`${service.url}/export?${query}`, {
        javaScriptEnabled,
      });
      const { page } = seen;
      await page.getByRole("checkbox", { name: "hall" }).focus();
      await page.keyboard.press("Space");
      await page.getByRole("button", { name: "Export" }).focus();
      await page.keyboard.press("Enter");
      await page.locator("tr[data-job]").first().waitFor();
      if (!javaScriptEnabled) await page.reload();
      await assertDownloaded(seen);
      // A schedule by keyboard, with and without a script.
      await page.getByRole("checkbox", { name: "hall" }).focus();
      if (!await page.getByRole("checkbox", { name: "hall" }).isChecked()) {
        await page.keyboard.press("Space");
      }
      await page.getByRole("button", { name: "Repeat monthly" }).press("Enter");
      const schedules = page.locator("#schedules");
      await schedules.getByText("Monthly: hall").waitFor();
      await schedules.locator("summary").press("Enter");
      await schedules.getByRole("button", { name: "Delete" }).press("Enter");
      await schedules.getByText("Nothing repeats yet.").waitFor();
      await page.getByRole("button", { name: "Remove" }).first().focus();
      await page.keyboard.press("Enter");
      await page.getByText("No export yet.").waitFor();
    }
  },
});
