import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { hasBrowser } from "./browser.ts";
import { isTooWide, keepScreenshot, LOOKS, openBrowser, violationsOf } from "./pages.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await hasBrowser();
const HOUR_MS = 3_600_000, DAY_MS = 24 * HOUR_MS;

/** The day `back` days ago, as UTC counts. */
function dayBack(back: number): string {
  return new Date(Date.now() - back * DAY_MS).toISOString().slice(0, 10);
}

async function upload(url: string, kind: string, lines: readonly string[]): Promise<void> {
  const answer = await fetch(`${url}/stores/${kind}`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: lines.join("\n") + "\n",
  });
  assert(answer.ok, await answer.text());
}

/** A store in UTC, open from 08:00 to 20:00, that was polled at 07:00, 10:14 and 12:14 three days ago. */
async function seed(url: string): Promise<void> {
  await upload(url, "timezones", ["store_id,timezone_str", "corner,UTC"]);
  await upload(url, "hours", [
    "store_id,day,start,end",
    ...[0, 1, 2, 3, 4, 5, 6].map((day) => `corner,${day},08:00,20:00`),
  ]);
  await upload(url, "status", [
    "store_id,timestamp_utc,status",
    `corner,${dayBack(3)}T07:00:00Z,inactive`,
    `corner,${dayBack(3)}T10:14:00Z,active`,
    `corner,${dayBack(3)}T12:14:00Z,inactive`,
  ]);
}

Deno.test({
  name: "a bar explains itself to mouse and keyboard, and hours are tried, painted and saved",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, {
      KV_PATH: ":memory:",
      DEMO_DATA: "false",
      PUBLIC_STORES: "corner",
    });
    await seed(service.url);
    await using browser = await openBrowser();
    await using seen = await browser.open(`${service.url}/fleet`);
    const { page } = seen;
    const panel = page.locator("#explain");
    const bars = page.locator("a[data-day]");
    assertEquals(await bars.count(), 90);

    // By mouse: pointing shows, a click keeps it.
    const bar = page.locator(`a[data-day="${dayBack(3)}"]`);
    await bar.hover();
    await panel.getByText("poll 10:14 active, held 2 hr").waitFor();
    assertStringIncludes(await panel.innerText(), "Open 08:00–20:00 (UTC)");
    await bar.click();
    await panel.getByRole("link", { name: "Page of this day" }).waitFor();
    assertEquals(await violationsOf(page), []);
    await panel.getByRole("button", { name: "Close" }).click();
    assertEquals(await panel.isVisible(), false);

    // By keyboard: the last bar is the stop, arrows move.
    await bars.last().focus();
    for (let step = 0; step < 3; step++) await page.keyboard.press("ArrowLeft");
    await panel.getByText("poll 12:14 inactive").waitFor();
    await page.keyboard.press("Escape");
    assertEquals(await panel.isVisible(), false);

    // Hours: one half hour by the space bar, and what the last week would have been.
    await page.goto(`${service.url}/fleet/stores/corner/hours`);
    const cell = page.getByRole("gridcell", { name: "Monday 07:30–08:00" });
    await cell.focus();
    await page.keyboard.press("Space");
    assertEquals(await page.getByLabel("Monday, opens").first().inputValue(), "07:30");
    await page.getByText("84 → 84.5 h").waitFor();
    assertEquals(await violationsOf(page), []);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("07:30–20:00").waitFor();
    assertEquals(seen.complaints, []);

    const paths = [
      "fleet",
      "fleet/stores/corner",
      "fleet/stores/corner/hours",
      `fleet/stores/corner/${dayBack(3)}`,
      "fleet/devices",
      "fleet/alerts",
      "status/corner",
    ];
    for (const [look, options] of Object.entries(LOOKS)) {
      await using other = await browser.open(`${service.url}/fleet`, options);
      for (const path of paths) {
        await other.page.goto(`${service.url}/${path}`);
        assertEquals(await violationsOf(other.page), [], `${path} ${look}`);
        assertEquals(await isTooWide(other.page), false, `${path} ${look}`);
        const name = path.replace(dayBack(3), "day").replaceAll("/", "-");
        await keepScreenshot(other.page, `${name}-${look}`);
      }
      assertEquals(other.complaints, []);
    }
  },
});

Deno.test({
  name: "without JavaScript a bar leads to the page of its day, and hours are saved",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, {
      KV_PATH: ":memory:",
      DEMO_DATA: "false",
    });
    await seed(service.url);
    await using browser = await openBrowser();
    await using seen = await browser.open(`${service.url}/fleet`, { javaScriptEnabled: false });
    const { page } = seen;
    await page.locator(`a[data-day="${dayBack(3)}"]`).click();
    await page.getByText("poll 10:14 active, held 2 hr").waitFor();
    await page.goto(`${service.url}/fleet/stores/corner/hours`);
    await page.getByLabel("Sunday, closes").first().fill("21:00");
    await page.getByRole("button", { name: "What would last week have been?" }).click();
    await page.getByText("84 → 85 h").waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("08:00–21:00").waitFor();
  },
});
