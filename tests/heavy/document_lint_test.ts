import { createConfig, lintFromString } from "@redocly/openapi-core";
import { assertEquals } from "../support/assert.ts";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

Deno.test("Redocly's recommended rules find nothing wrong with the document", async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, { KV_PATH: ":memory:" });
  const source = await (await fetch(`${service.url}/openapi.json`)).text();
  const rules = await createConfig({
    extends: ["recommended"],
    // Some requests cannot be wrong, such as GET /health.
    rules: { "operation-4xx-response": "off" },
  });
  const found = await lintFromString({ source, config: rules, absoluteRef: "/openapi.json" });
  assertEquals(found.map(({ ruleId, message }) => `${ruleId}: ${message}`), []);
  // The rules work: they report a missing summary.
  const broken = source.replace('"summary":"This document",', "");
  const reported = await lintFromString({ source: broken, config: rules, absoluteRef: "/x.json" });
  assertEquals(reported.map(({ ruleId }) => ruleId), ["operation-summary"]);
});
