import type { Page } from "playwright-core";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { hasBrowser } from "./browser.ts";
import { isTooWide, keepScreenshot, LOOKS, openBrowser, violationsOf } from "./pages.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await hasBrowser();
const CASES = new URL("../../../shared/cases/", import.meta.url);
const NASTY = `<img src=x onerror=document.title='owned'>`;

Deno.test({
  name:
    "a file is dropped, its guesses are changed, a dry run shows what it does, and it is imported",
  ignore: ignore || !await exists(new URL("01_autumn_quarter_hours.csv", CASES)),
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, {
      KV_PATH: ":memory:",
      DEMO_DATA: "false",
    });
    const { url } = service;
    const text = await Deno.readTextFile(new URL("01_autumn_quarter_hours.csv", CASES));
    await using browser = await openBrowser();
    await using seen = await browser.open(`${url}/upload`);
    const { page } = seen;
    await dropFile(page, text, "autumn.csv");
    await page.locator("#upload-steps").waitFor();
    assertEquals(await page.locator("#upload-id").inputValue(), "autumn");
    const second = page.locator("#upload-preview tr").nth(1);
    // The preset of the file says Vienna's clock: 00:00 is 22:00 UTC of the day before.
    assertMatch(
      await second.innerText(),
      /27\.10\.2024 00:00.*2024-10-26T22:00:00Z energy_kwh 0\.01/s,
    );
    await page.locator("[name=timezone]").fill("UTC");
    await page.keyboard.press("Tab");
    await second.getByText("2024-10-27T00:00:00Z").waitFor();
    await page.locator("[name=timezone]").fill("");
    await page.keyboard.press("Tab");
    await second.getByText("2024-10-26T22:00:00Z").waitFor();

    await page.locator("#upload-dry").click();
    await page.locator("[data-count=inserted]").getByText("100").waitFor();
    const before = await fetch(`${url}/api/meters/autumn`);
    assertEquals([before.status, (await before.json()).code], [404, "SMART_METER_NOT_FOUND"]);
    await page.locator("#upload-import").click();
    await page.getByRole("link", { name: "Open autumn" }).waitFor();
    const meter = await (await fetch(`${url}/api/meters/autumn`)).json();
    assertEquals([meter.count, meter.first_reading], [100, "2024-10-26T22:00:00Z"]);

    await page.locator("#upload-dry").click();
    await page.locator("[data-count=unchanged]").getByText("100").waitFor();
    await page.locator("#upload-calendar-text").getByText("1 of them").waitFor();

    // By keyboard: the options are saved, and read the next file.
    await page.locator("[name=timezone]").fill("UTC");
    await page.keyboard.press("Tab");
    await second.getByText("2024-10-27T00:00:00Z").waitFor();
    await page.locator("#upload-save-title").fill("Grid of Vienna");
    await page.keyboard.press("Enter");
    await page.getByText("preset=grid-of-vienna").waitFor();
    assertEquals(await violationsOf(page), []);
    const next = `${folder.path}/next.csv`;
    await Deno.writeTextFile(next, text);
    await page.locator("#upload-file").setInputFiles(next);
    await second.getByText("2024-10-26T22:00:00Z").waitFor();
    await page.getByRole("button", { name: "Grid of Vienna", exact: true }).press("Enter");
    await second.getByText("2024-10-27T00:00:00Z").waitFor();
    assertMatch(await page.locator("#upload-call").innerText(), /\?preset=grid-of-vienna'/);
    page.once("dialog", (dialog) => dialog.accept());
    await page.getByRole("button", { name: "Delete the preset Grid of Vienna" }).press("Enter");
    await page.getByText("The preset Grid of Vienna is deleted.").waitFor();
    // A meter that is not there yet is asked for, too.
    const others = seen.complaints.filter((text) => !text.includes("404"));
    assertEquals(others, []);
  },
});

Deno.test({
  name: "markup in a file, its name and its header shows as text, and what is wrong is marked",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, {
      KV_PATH: ":memory:",
      DEMO_DATA: "false",
    });
    const lines = [
      `Time,${NASTY} kWh,energy_kwh`,
      "2024-01-01T00:00:00Z,1,1",
      `2024-01-01T00:15:00Z,${NASTY},2`,
      `${NASTY},1,3`,
      "2024-01-01T00:45:00Z,1,4",
    ];
    await using browser = await openBrowser();
    for (const [look, options] of Object.entries(LOOKS)) {
      await using seen = await browser.open(`${service.url}/upload`, options);
      const { page } = seen;
      await dropFile(page, `${lines.join("\n")}\n`, `${NASTY}.csv`);
      await page.locator("#upload-steps").waitFor();
      assert((await page.locator("#upload-name").innerText()).includes(NASTY));
      assert((await page.locator("#upload-preview tr").first().innerText()).includes(NASTY));
      await page.locator("#upload-id").fill("m");
      await page.keyboard.press("Tab");
      await page.locator("#upload-dry:enabled").click();
      await page.locator("#upload-rejects-body mark").first().waitFor();
      assertEquals(await page.locator("#upload-rejects-body mark").first().innerText(), NASTY);
      assertEquals(await page.locator("img[src=x]").count(), 0);
      assertEquals(await violationsOf(page), [], look);
      assertEquals(await isTooWide(page), false, look);
      await keepScreenshot(page, `upload-${look}`);
    }
  },
});

/** Drops a file on the page. Runs in the browser, whose names are not known here. */
const DROP = `([text, name]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([text], name, { type: "text/csv" }));
  document.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
}`;

function dropFile(page: Page, text: string, name: string): Promise<unknown> {
  return page.evaluate(`(${DROP})(${JSON.stringify([text, name])})`);
}

async function exists(path: URL): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}
