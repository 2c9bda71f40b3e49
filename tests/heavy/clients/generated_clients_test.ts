import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { startProcess } from "../../support/process.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { copyFiles, hasCommand, makePythonEnvironment, run, runWell } from "../tools.ts";

/** Whether a test that needs a command may be left out. */
async function mayIgnore(command: string): Promise<boolean> {
  return !Deno.env.has("REQUIRE_ALL") && !await hasCommand(command);
}

/** A key with every right, which the service is started with. */
const ADMIN_KEY = `ow_admin_${"A".repeat(43)}`;
/** A service that asks for keys. */
const KEYED = { KV_PATH: ":memory:", AUTH: "keys", ADMIN_KEY };

/** A key for the jobs of a client, and for nothing else. */
async function makeKey(url: string, id: string): Promise<string> {
  const ids = { meters: [id], devices: [id, "none"], stores: [id] };
  const response = await fetch(`${url}/api/keys`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${ADMIN_KEY}` },
    body: JSON.stringify({ name: id, scopes: ["read", "export", "ingest", "import"], ...ids }),
  });
  assertEquals(response.status, 201);
  return (await response.json()).key;
}

/** Saves the document of a service; returns the path. */
async function saveDocument(url: string, folder: string): Promise<string> {
  const path = `${folder}/openapi.json`;
  await Deno.writeTextFile(path, await (await fetch(`${url}/openapi.json`)).text());
  return path;
}

Deno.test({
  name: "openapi-typescript and @hey-api/openapi-ts generate clients that compile and do every job",
  ignore: await mayIgnore("npm"),
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, KEYED);
    const { path } = folder;
    await copyFiles("clients/typescript", path);
    await runWell(path, ["npm", "ci", "--silent", "--no-audit", "--no-fund"]);
    const document = await saveDocument(service.url, path);
    const bin = `${path}/node_modules/.bin`;
    const types = `${path}/openapi_fetch_types.ts`;
    const generated = [
      await runWell(path, [`${bin}/openapi-typescript`, document, "--output", types]),
      await runWell(path, [`${bin}/openapi-ts`, "--input", document, "--output", "hey_api"]),
    ];
    for (const text of generated) assert(!/warn|error|⚠|✗/i.test(text), text);
    await runWell(path, [`${bin}/tsc`]);
    for (const [script, name] of [["openapi_fetch", "openapi-fetch"], ["hey_api", "hey-api"]]) {
      assertEquals(
        await runWell(path, [
          "node",
          `built/${script}.js`,
          service.url,
          await makeKey(service.url, name),
        ]),
        `${name}: done\n`,
      );
    }
    // The compiler does look: a wrong name fails.
    const program = await Deno.readTextFile(`${path}/hey_api.ts`);
    await Deno.writeTextFile(`${path}/hey_api.ts`, program.replace("power_kw: 2", "power_kw: '2'"));
    const broken = await run(path, [`${bin}/tsc`]);
    assert(broken.code !== 0);
    assertStringIncludes(broken.text, "Type 'string' is not assignable to type 'number'");
  },
});

/** The warnings that docs/clients.md lists: this generator leaves out bodies of text. */
const PYTHON_WARNINGS = [
  "POST /api/meters/{id}/readings: application/x-ndjson",
  "POST /api/meters/{id}/readings: application/x-zip-compressed",
  "POST /api/meters/{id}/readings: application/xml",
  "POST /api/meters/{id}/readings: application/zip",
  "POST /api/meters/{id}/readings: text/csv",
  "POST /api/meters/{id}/readings: text/xml",
  "POST /api/readings/inspect: application/x-ndjson",
  "POST /api/readings/inspect: application/xml",
  "POST /api/readings/inspect: text/csv",
  "POST /api/readings: application/x-ndjson",
  "POST /api/readings: application/x-zip-compressed",
  "POST /api/readings: application/xml",
  "POST /api/readings: application/zip",
  "POST /api/readings: text/csv",
  "POST /api/readings: text/xml",
  "POST /api/v2/write: text/plain",
  "POST /stores/hours: text/csv",
  "POST /stores/status: text/csv",
  "POST /stores/timezones: text/csv",
  "POST /telemetry: application/x-ndjson",
  "POST /write: text/plain",
];

Deno.test({
  name: "openapi-python-client generates a client that mypy accepts and that does every job",
  ignore: await mayIgnore("python3"),
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, KEYED);
    const { path } = folder;
    await copyFiles("clients/python", path);
    const bin = await makePythonEnvironment(path);
    const document = await saveDocument(service.url, path);
    const generate = ["generate", "--path", document, "--meta", "none"];
    const text = await runWell(
      path,
      [`${bin}/openapi-python-client`, ...generate, "--output-path", "open_watts_client"],
      // The generator formats with ruff, which it looks for there.
      { PATH: `${bin}:${Deno.env.get("PATH")}` },
    );
    const warned = /^WARNING parsing (\S+ \S+) within .+\n\nUnsupported content type (\S+)$/gm;
    const warnings = Array.from(text.matchAll(warned), ([, place, type]) => `${place}: ${type}`);
    assertEquals(warnings.toSorted(), PYTHON_WARNINGS);
    assertEquals(text.match(/WARNING|ERROR|Skipping/g)?.length, PYTHON_WARNINGS.length, text);
    assertStringIncludes(await runWell(path, [`${bin}/mypy`, "client.py"]), "no issues found");
    assertEquals(
      await runWell(path, [
        `${bin}/python`,
        "client.py",
        service.url,
        await makeKey(service.url, "python"),
      ]),
      "openapi-python-client: done\n",
    );
  },
});
