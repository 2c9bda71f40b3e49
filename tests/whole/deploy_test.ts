import config from "../../deno.json" with { type: "json" };
import { assert, assertEquals } from "../support/assert.ts";
import { readSource } from "../support/sources.ts";

Deno.test("deno.json says how Deno Deploy builds and starts the service, with the options of its documents", () => {
  // docs.deno.com/deploy/reference/builds, "deno.json options".
  assertEquals(config.deploy, {
    install: "deno install --frozen --entrypoint main.ts",
    runtime: { type: "dynamic", entrypoint: "./main.ts" },
  });
  for (const feature of ["kv", "cron"]) assert(config.unstable.includes(feature), feature);
});

Deno.test("main.ts registers one cron a minute at its top level, without a condition", async () => {
  const { code } = await readSource("main.ts");
  assertEquals(code.match(/Deno\.cron\(/g)?.length, 1);
  assert(/^Deno\.cron\("[\w ]+", "\* \* \* \* \*", \{/m.test(code));
});
