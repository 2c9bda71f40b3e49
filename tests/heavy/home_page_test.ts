import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { hasBrowser } from "./browser.ts";
import { isTooWide, keepScreenshot, LOOKS, openBrowser, violationsOf } from "./pages.ts";
import { send } from "./send.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await hasBrowser();
const NASTY = `<img src=x onerror="document.title='owned'">`;

/** A device that is silent after a second, one that is not, and a meter whose data are late. */
async function seed(url: string): Promise<void> {
  const metrics = { soc_percent: 50, voltage_v: 400, current_a: 1, temp_c: 20 };
  for (const id of ["calm", "silent"]) {
    const offline_after_seconds = id === "silent" ? 1 : 86_400;
    await send(url, "PUT", `/devices/${id}`, {
      profile: "battery",
      location: NASTY,
      offline_after_seconds,
    });
    await send(url, "POST", "/telemetry", {
      device_id: id,
      timestamp: new Date().toISOString(),
      metrics,
    });
  }
  const late = new Date(Date.now() - 30 * 3_600_000).toISOString();
  await send(url, "PUT", "/api/meters/late", { label: NASTY });
  await send(url, "POST", "/api/meters/late/readings", `timestamp,power_kw\n${late},1\n`);
}

Deno.test({
  name: "Home shows a device going offline by itself, in each look, to screen readers too",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, {
      KV_PATH: ":memory:",
      DEMO_DATA: "false",
    });
    await using browser = await openBrowser();
    await using seen = await browser.open(service.url);
    const { page } = seen;
    await page.getByText("Waiting for the first message").waitFor();
    assertEquals(await violationsOf(page), []);
    await keepScreenshot(page, "home-empty");
    await seed(service.url);
    // Nobody loads the page again.
    await page.locator("#tile-devices").getByRole("link", { name: "silent" }).waitFor();
    await page.locator("#verdict").getByText("1 device offline").waitFor();
    assertMatch(await page.title(), /^\(\d\) Home · OpenWatts$/);
    assert((await page.locator("#tile-meters").innerText()).includes(NASTY));
    assertEquals(seen.complaints, []);

    for (const [look, options] of Object.entries(LOOKS)) {
      await using other = await browser.open(service.url, options);
      await other.page.locator("#tile-devices").waitFor();
      assertEquals(await violationsOf(other.page), [], look);
      assertEquals(await isTooWide(other.page), false, look);
      await keepScreenshot(other.page, `home-${look}`);
      assertEquals(other.complaints, []);
    }
  },
});

Deno.test({
  name: "Home says when the service stops, and comes back with it",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    const settings = { KV_PATH: `${folder.path}/kv`, DEMO_DATA: "false" };
    const service = await startProcess(folder.path, settings);
    const { port } = new URL(service.url);
    await using browser = await openBrowser();
    await using seen = await browser.open(service.url);
    await seen.page.locator("#connection[data-state=on]").waitFor();
    await service[Symbol.asyncDispose]();
    await seen.page.getByText("The service does not answer").waitFor();
    await keepScreenshot(seen.page, "home-stopped");
    await using _again = await startProcess(folder.path, { ...settings, PORT: port });
    await seen.page.locator("#connection[data-state=on]").waitFor({ timeout: 20_000 });
    assertEquals(await seen.page.locator("html[data-lost]").count(), 0);
  },
});

Deno.test({
  name: "theme, zone and language are kept, by keyboard, with and without JavaScript",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, { KV_PATH: ":memory:" });
    await using browser = await openBrowser();
    await using seen = await browser.open(service.url);
    const { page } = seen;
    await page.keyboard.press("Tab");
    assertEquals(await page.evaluate("document.activeElement.className"), "skip");
    await page.locator(".preferences summary").focus();
    await page.keyboard.press("Enter");
    await page.getByLabel("Theme").selectOption("dark");
    assertEquals(await page.locator("html").getAttribute("data-theme"), "dark");
    assertEquals(await violationsOf(page), []);
    await Promise.all([
      page.waitForURL(service.url + "/"),
      page.getByLabel("Language").selectOption("de"),
    ]);
    await page.getByText("Übersicht").first().waitFor();
    assertEquals(await page.locator("html").getAttribute("data-theme"), "dark");
    assertEquals(await page.locator("html").getAttribute("lang"), "de");

    await using plain = await browser.open(service.url, { javaScriptEnabled: false });
    await plain.page.locator(".preferences summary").click();
    await plain.page.getByLabel("Theme").selectOption("light");
    await plain.page.getByRole("button", { name: "Apply" }).click();
    assertEquals(await plain.page.locator("html").getAttribute("data-theme"), "light");
    await plain.page.locator("#home").waitFor();
    assertEquals(seen.complaints, []);
  },
});

Deno.test({
  name: "with keys, one signs in by a key, sees what it may, and signs out",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    const adminKey = `ow_admin_${"A".repeat(43)}`;
    await using service = await startProcess(folder.path, {
      KV_PATH: ":memory:",
      AUTH: "keys",
      ADMIN_KEY: adminKey,
    });
    const made = await fetch(`${service.url}/api/keys`, {
      method: "POST",
      headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
      body: JSON.stringify({ name: "Wall screen", scopes: ["read"] }),
    });
    const { key } = await made.json();
    await using browser = await openBrowser();
    await using seen = await browser.open(service.url);
    const { page } = seen;
    assertEquals(new URL(page.url()).pathname, "/sign-in");
    assertEquals(await violationsOf(page), []);
    await keepScreenshot(page, "sign-in");
    await page.getByLabel("Key or token").fill("ow_wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    assertEquals(await violationsOf(page), []);
    await page.getByLabel("Key or token").fill(key);
    await page.keyboard.press("Enter");
    await page.locator("#home").waitFor();
    // What the key may not do is not offered.
    assertEquals(await page.getByRole("link", { name: "Export", exact: true }).count(), 0);
    assertEquals(await page.evaluate("document.cookie.includes('openwatts_session')"), false);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Key or token").waitFor();
    // Chromium reports the answer to the wrong key.
    assertEquals(seen.complaints.filter((text) => !text.includes("401")), []);
  },
});
