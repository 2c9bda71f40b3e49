import { assert, assertEquals } from "../support/assert.ts";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { hasBrowser } from "./browser.ts";
import { openBrowser } from "./pages.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await hasBrowser();
const ADMIN_KEY = `ow_admin_${"A".repeat(43)}`;

Deno.test({
  name: "without JavaScript one signs in, opens every screen by its link, exports and signs out",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, {
      KV_PATH: ":memory:",
      AUTH: "keys",
      ADMIN_KEY,
    });
    const time = new Date(Date.now() - 86_400_000).toISOString();
    const sent = await fetch(`${service.url}/api/meters/hall/readings`, {
      method: "POST",
      headers: { "content-type": "text/csv", authorization: `Bearer ${ADMIN_KEY}` },
      body: `timestamp,power_kw\n${time},1.5\n`,
    });
    assert(sent.ok, await sent.text());
    await using browser = await openBrowser();
    await using seen = await browser.open(service.url, { javaScriptEnabled: false });
    const { page } = seen;
    await page.getByLabel("Key or token").fill(ADMIN_KEY);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator("#home").waitFor();

    const links = page.getByRole("navigation").first().getByRole("link");
    const paths: string[] = [];
    for (let index = 0; index < await links.count(); index++) {
      await links.nth(index).click();
      await page.locator("main h1").waitFor();
      paths.push(new URL(page.url()).pathname);
    }
    for (const path of ["/", "/meters", "/export", "/upload", "/fleet"]) {
      assert(paths.includes(path), `no link leads to ${path}: ${paths}`);
    }

    await page.goto(`${service.url}/meters`);
    await page.getByRole("link", { name: "hall" }).first().click();
    await page.locator("#months-title").waitFor();
    await page.goto(`${service.url}/upload`);
    await page.locator("noscript pre").waitFor();

    await page.goto(`${service.url}/export`);
    await page.getByRole("checkbox", { name: "hall" }).check();
    await page.getByRole("button", { name: "Preview" }).click();
    await page.locator("#preview-result").getByText("smart_meter_hall").waitFor();
    await page.getByRole("button", { name: "Export" }).click();
    await page.locator("tr[data-job]").waitFor();
    await page.reload();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download" }).click(),
    ]);
    assertEquals((await Deno.readTextFile(await download.path())).split("\n").length, 3);

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Key or token").waitFor();
    assertEquals(seen.complaints, []);
  },
});
