import config from "../../deno.json" with { type: "json" };
import heavy from "../heavy/deno.json" with { type: "json" };
import { assert, assertEquals } from "../support/assert.ts";
import { TOP } from "../support/sources.ts";

// The runtime fetches all that the lock lists before the first start, whatever main.ts imports.
Deno.test("the lock of the service lists none of the tools of tests/heavy", async () => {
  const lock = JSON.parse(await Deno.readTextFile(`${TOP}deno.lock`));
  const listed = Object.keys(lock.npm);
  assert(listed.some((name) => name.startsWith("hono@")));
  const { "@std/assert": shared, ...tools } = heavy.imports;
  assertEquals(shared, config.imports["@std/assert"]);
  assertEquals(Object.keys(tools).toSorted(), [
    "@cityssm/green-button-parser",
    "@redocly/openapi-core",
    "axe-core",
    "oidc-provider",
    "playwright-core",
    "xmllint-wasm",
  ]);
  for (const tool of Object.values(tools)) {
    assert(!listed.includes(tool.replace("npm:", "")), tool);
  }
});
