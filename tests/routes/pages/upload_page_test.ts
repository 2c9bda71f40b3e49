import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { createTestApp } from "../app_fixture.ts";
import { getPage } from "./page_fixture.ts";

const { app } = createTestApp();

Deno.test("the screen Upload has a plain field for a file, and says what to do without a script", async () => {
  const { status, html } = await getPage(app, "/upload");
  assertEquals(status, 200);
  assertMatch(html, /<input type="file" id="upload-file"/);
  assertMatch(html, /<noscript>.*--data-binary @FILE.*<\/noscript>/s);
  assertMatch(html, /<script type="module" src="\/assets\/[0-9a-f]+\/upload\.js">/);
});

Deno.test("what its modules look for is on the screen Upload, with a text for each key", async () => {
  const { html } = await getPage(app, "/upload");
  const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  const data = JSON.parse(/id="page-data">(.*?)<\/script>/s.exec(html)?.[1] ?? "{}");
  const folder = new URL("../../../routes/assets/", import.meta.url);
  let found = 0;
  for await (const { name } of Deno.readDir(folder)) {
    if (!/^upload.*\.js$/.test(name)) continue;
    const code = await Deno.readTextFile(new URL(name, folder));
    for (const [, id] of code.matchAll(/need\("([^"]+)"\)/g)) {
      assert(ids.has(id), `${name}: ${id}`);
      found++;
    }
    for (const [, key] of code.matchAll(/say\("([^"]+)"/g)) {
      assert(key in data.texts, `${name}: ${key}`);
    }
  }
  assert(found > 30);
});
