import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { hasBrowser, openPage } from "./browser.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await hasBrowser();
/** The only address on another host that either page requests; its policy blocks it. */
const REDOC_LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg";

/** The summaries of all operations of the document. */
async function summaries(url: string): Promise<string[]> {
  const document = await (await fetch(`${url}/openapi.json`)).json();
  const paths: Record<string, { summary: string }>[] = Object.values(document.paths);
  return paths.flatMap((path) => Object.values(path).map(({ summary }) => summary)).toSorted();
}

/** Imports a first reading into the meter 123. */
async function importReading(url: string): Promise<void> {
  const response = await fetch(`${url}/api/meters/123/readings`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n",
  });
  assertEquals((await response.json()).inserted, 1);
}

function outside(requests: readonly string[], url: string): string[] {
  return requests.filter((address) => !address.replace(/^blob:/, "").startsWith(`${url}/`));
}

Deno.test({
  name: "Swagger UI shows every operation, tries one out, and requests nothing from other hosts",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, { KV_PATH: ":memory:" });
    const { url } = service;
    await importReading(url);
    const expected = new Set(await summaries(url));
    await using all = await openPage(`${url}/docs`);
    await all.page.locator(".opblock").first().waitFor();
    // Of a long document, Swagger UI has only those operations in the page that are in sight.
    const shown = new Set<string>();
    for (let step = 0; step < 500 && shown.size < expected.size; step++) {
      const found = await all.page.locator(".opblock-summary-description").allInnerTexts();
      for (const text of found) shown.add(text);
      await all.page.mouse.wheel(0, 300);
    }
    assertEquals([...shown].toSorted(), [...expected].toSorted());
    assertEquals(outside(all.requests, url), []);

    await using watched = await openPage(`${url}/docs#/Meters/getMeter`);
    const { page } = watched;
    const operation = page.locator("#operations-Meters-getMeter");
    await operation.locator(".try-out__btn").click();
    await operation.locator(".execute").click();
    const answer = operation.locator(".live-responses-table .response");
    await answer.waitFor();
    assertEquals(await answer.locator(".response-col_status").innerText(), "200");
    const body = await answer.locator(".highlight-code").first().innerText();
    assertStringIncludes(body, '"first_reading": "2024-01-01T00:00:00Z"');
    assertEquals(watched.requests.at(-1), `${url}/api/meters/123`);
    assertEquals(watched.complaints, []);
    assertEquals(outside(watched.requests, url), []);
  },
});

Deno.test({
  name:
    "ReDoc shows every operation and finds one, and its policy blocks its only request to another host",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, { KV_PATH: ":memory:" });
    const { url } = service;
    await using watched = await openPage(`${url}/redoc`);
    const { page } = watched;
    await page.locator("[id='tag/Meters/operation/importReadings'] h2").waitFor();
    const shown = await page.locator("div[id^='tag/'][id*='operation/'] h2").allInnerTexts();
    assertEquals(shown.map((text) => text.trim()).toSorted(), await summaries(url));

    await page.locator("input[placeholder]").fill("delete");
    await page.locator("[data-role='search:results'] li").first().waitFor();
    const found = await page.locator("[data-role='search:results']").innerText();
    assertStringIncludes(found, "Delete a smart meter");
    assertEquals(outside(watched.requests, url), [REDOC_LOGO]);
    assertEquals(watched.complaints.length, 1, watched.complaints.join("\n"));
    assertMatch(watched.complaints[0], /^Loading the image .+redoc\/logo-mini\.svg.+ blocked\.$/);
  },
});
