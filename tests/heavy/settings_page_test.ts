import type { Cookie } from "playwright-core";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { hasBrowser } from "./browser.ts";
import { isTooWide, keepScreenshot, LOOKS, openBrowser, violationsOf } from "./pages.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await hasBrowser();
const ADMIN = `ow_admin_${"0123456789abcdef".repeat(4)}`;

Deno.test({
  name:
    "by keyboard, a key and a webhook are made, tested, and shown in every look without a fault",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using receiver = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => new Response(null, { status: 204 }),
    );
    await using service = await startProcess(folder.path, {
      KV_PATH: ":memory:",
      DEMO_DATA: "false",
      AUTH: "keys",
      ADMIN_KEY: ADMIN,
      WEBHOOK_ALLOW_PRIVATE: "true",
    });
    await using browser = await openBrowser();
    const paths: string[] = [];
    let cookies: Cookie[] = [];
    {
      await using seen = await browser.open(`${service.url}/sign-in?to=/settings`);
      const { page } = seen;
      await page.locator("input[name=key]").fill(ADMIN);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
      await page.getByText("New key").press("Enter");
      await page.getByLabel("Name", { exact: true }).fill("<b>Roof</b> gateway");
      await page.getByRole("checkbox", { name: "Send telemetry" }).press("Space");
      await page.getByRole("button", { name: "Make the key" }).press("Enter");
      const key = await page.locator("#secret").textContent() ?? "";
      assertStringIncludes(key, "ow_");
      await keepScreenshot(page, "settings-secret");
      assertEquals(await violationsOf(page), []);
      const sent = await fetch(`${service.url}/api/usage`, { headers: { "x-api-key": key } });
      assertEquals(sent.status, 200, await sent.text());

      await page.goto(`${service.url}/export/webhooks`);
      await page.getByText("New webhook").press("Enter");
      await page.getByLabel("URL").fill(`http://127.0.0.1:${receiver.addr.port}/energy`);
      await page.getByRole("checkbox", { name: "Export finished" }).press("Space");
      await keepScreenshot(page, "webhooks-form");
      assertEquals(await violationsOf(page), []);
      await page.getByRole("button", { name: "Make the webhook" }).press("Enter");
      assertStringIncludes(await page.locator("#secret").textContent() ?? "", "whsec_");
      await page.getByRole("button", { name: /Send a test/ }).press("Enter");
      await page.getByText("Delivered").first().waitFor();
      paths.push("/settings", "/export", new URL(page.url()).pathname.replace("/test", ""));
      assertEquals(seen.complaints, []);
      cookies = await page.context().cookies();
    }
    for (const [look, options] of Object.entries(LOOKS)) {
      const language = look === "dark" ? "de-DE" : "en-GB";
      const storageState = { cookies, origins: [] };
      await using seen = await browser.open(service.url, {
        ...options,
        locale: language,
        storageState,
      });
      for (const path of paths) {
        await seen.page.goto(service.url + path);
        const name = `${path.split("/").slice(1, 3).join("-")}-${look}`;
        await keepScreenshot(seen.page, name);
        assertEquals(await violationsOf(seen.page), [], name);
        assert(!await isTooWide(seen.page), name);
      }
      assertEquals(seen.complaints, []);
    }
  },
});
