import { assert, assertEquals } from "../../support/assert.ts";
import { startProcess } from "../../support/process.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { copyFiles, hasCommand, makePythonEnvironment, run } from "../tools.ts";

/** A key with every right, which the service is started with. */
const ADMIN_KEY = `ow_admin_${"A".repeat(43)}`;
/** Requests at least. */
const CASES = 3_000;
/** Random requests to each operation and phase, which with the systematic ones make that many. */
const EXAMPLES = 25;

Deno.test({
  name: "Schemathesis finds nothing in 3,000 requests with all of its checks",
  ignore: !Deno.env.has("REQUIRE_ALL") && !await hasCommand("python3"),
  async fn() {
    await using folder = await makeTempFolder();
    const { path } = folder;
    await using service = await startProcess(path, {
      KV_PATH: ":memory:",
      DEMO_DATA: "true",
      CONTINUOUS_EXPORT: "on",
      AUTH: "keys",
      ADMIN_KEY,
      // Schemathesis sends as fast as it can.
      REQUESTS_PER_SECOND: "0",
    });
    await copyFiles("schemathesis", path);
    const bin = await makePythonEnvironment(path);
    const { code, text } = await run(path, [
      `${bin}/schemathesis`,
      "--config-file=schemathesis.toml",
      "run",
      `${service.url}/openapi.json`,
      `--header=Authorization: Bearer ${ADMIN_KEY}`,
      `--max-examples=${EXAMPLES}`,
      "--continue-on-failure",
      "--generation-database=none",
      "--no-color",
    ]);
    assertEquals(code, 0, text);
    const [, cases] = text.match(/(\d+) generated/) ?? [];
    assert(Number(cases) >= CASES, `only ${cases} requests`);
    console.log(`Schemathesis: ${cases} requests, no finding`);
    assert(!service.output().includes('"level":"error"'), service.output());
  },
});
