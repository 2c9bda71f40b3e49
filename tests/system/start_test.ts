import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { failStart, startProcess } from "../support/process.ts";
import { askJson, postJson } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

Deno.test("a start prints what it loaded, its address and a first export, and creates its folders", async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, { DEMO_DATA: "true" });
  assertMatch(service.output(), /Demo meter 123: [\d,]+ new readings/);
  assertEquals((await askJson(`${service.url}/health`)).body.status, "healthy");
  assertStringIncludes(service.output(), `API documentation: ${service.url}/docs\n`);
  // With only the permissions of the start task, it finds the files of its pages.
  for (const path of ["docs", "redoc", "docs/assets/redoc.standalone.js"]) {
    const response = await fetch(`${service.url}/${path}`);
    await response.body?.cancel();
    assertEquals(response.status, 200, path);
  }
  assert((await Deno.stat(`${folder.path}/.openwatts/kv.sqlite3`)).isFile);
  assert((await Deno.stat(`${folder.path}/.openwatts/files`)).isDirectory);
});

Deno.test("the commands that a start prints export January when pasted as one block", async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, { DEMO_DATA: "true" });
  const printed = () => /Try:\n((?: {2}.+\n){3})/.exec(service.output())?.[1] ?? "";
  await until(() => Promise.resolve(printed() !== ""));
  const shell = new Deno.Command("bash", { cwd: folder.path, stdin: "piped", stdout: "null" })
    .spawn();
  const input = shell.stdin.getWriter();
  await input.write(new TextEncoder().encode(printed()));
  await input.close();
  assert((await shell.status).success);
  const csv = await Deno.readTextFile(`${folder.path}/january.csv`);
  // A header, and 31 days of 1,440 minutes.
  assertEquals(csv.split("\n").length - 1, 44_641);
});

Deno.test("a request that waits for its job adds only log records to the output", async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, { LOG_LEVEL: "debug" });
  const before = service.output().length;
  const { body } = await postJson(`${service.url}/trigger_report`, {}, { prefer: "wait=10" });
  assertEquals(body.status, "Complete");
  await until(() => Promise.resolve(service.output().includes(`"path":"/trigger_report"`)));
  for (const line of service.output().slice(before).trim().split("\n")) {
    assertMatch(line, /^\{.*\}$/);
  }
});

Deno.test("the first start in a folder creates demo data, and a database that is there gets none", async () => {
  await using folder = await makeTempFolder();
  const env = { DATA_DIR: "watts", DEMO_DATA: "" };
  {
    await using service = await startProcess(folder.path, env);
    assertMatch(service.output(), /Demo meter 123: [\d,]+ new readings/);
    assertEquals((await askJson(`${service.url}/api/meters`)).body.meters.length, 1);
  }
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["watts"]);
  await using service = await startProcess(folder.path, env);
  assert(!service.output().includes("Demo meter"));
});

Deno.test("a start names every wrong setting and exits 1", async () => {
  await using folder = await makeTempFolder();
  const env = { PORT: "port", WORKER_CONCURRENCY: "0", ROLE: "boss", LOG_LEVEL: "loud" };
  const { code, output } = await failStart(folder.path, env);
  assertEquals(code, 1);
  for (const name of Object.keys(env)) assertStringIncludes(output, `${name} must be`);
});

Deno.test("settings are read from .env, and the environment takes precedence", async () => {
  await using folder = await makeTempFolder();
  await Deno.writeTextFile(`${folder.path}/.env`, "KV_PATH=elsewhere/kv.db\nLOG_LEVEL=loud\n");
  await using service = await startProcess(folder.path, { LOG_LEVEL: "debug" });
  await askJson(`${service.url}/health`);
  assert((await Deno.stat(`${folder.path}/elsewhere/kv.db`)).isFile);
  for (const line of service.output().split("\n").filter((text) => text.startsWith("{"))) {
    assertEquals(typeof JSON.parse(line).event, "string");
  }
});

Deno.test("a second start on the same KV file says so and exits 1, and the first keeps running", async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, {});
  const { code, output } = await failStart(folder.path, {});
  assertEquals(code, 1);
  assertStringIncludes(output, "another process has it open: .openwatts/kv.sqlite3");
  await until(async () => (await askJson(`${service.url}/ready`)).body.ready);
});

Deno.test("a start on a port in use says so and exits 1", async () => {
  await using folder = await makeTempFolder();
  await using other = await makeTempFolder();
  await using service = await startProcess(folder.path, {});
  const { code, output } = await failStart(other.path, { PORT: new URL(service.url).port });
  assertEquals(code, 1);
  assertStringIncludes(output, "OpenWatts cannot start");
});
