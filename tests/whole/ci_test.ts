import { assertEquals } from "../support/assert.ts";

Deno.test(".ci/run runs every file of tests/slow", async () => {
  const script = await Deno.readTextFile(".ci/run");
  const missing: string[] = [];
  for await (const { name } of Deno.readDir("tests/slow")) {
    const isRun = name.endsWith("_kill_test.ts") || script.includes(`tests/slow/${name}`);
    if (name.endsWith("_test.ts") && !isRun) missing.push(name);
  }
  assertEquals(missing, []);
});
