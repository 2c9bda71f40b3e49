import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { failStart, startProcess } from "../support/process.ts";
import { askJson } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const PRINTED = /^Admin key, shown only now, so keep it: (ow_\S+)$/m;

function bearer(key: string): RequestInit {
  return { headers: { authorization: `Bearer ${key}` } };
}

Deno.test("the first start with AUTH=keys prints an admin key outside the log, and later starts do not", async () => {
  await using folder = await makeTempFolder();
  const env = { AUTH: "keys", LOG_LEVEL: "debug" };
  let key = "";
  {
    await using service = await startProcess(folder.path, env);
    key = PRINTED.exec(service.output())?.[1] ?? "";
    assertEquals((await askJson(`${service.url}/api/meters`)).status, 401);
    assertEquals((await askJson(`${service.url}/api/meters`, bearer(key))).status, 200);
    const listed = await askJson(`${service.url}/api/keys`, bearer(key));
    assertEquals(listed.body.keys.length, 1);
    const secret = key.split("_")[2];
    assert(!JSON.stringify(listed.body).includes(secret));
    assertEquals(service.output().split(secret).length - 1, 1);
    for (const line of service.output().split("\n").filter((text) => text.startsWith("{"))) {
      assert(!line.includes(secret), line);
    }
  }
  await using again = await startProcess(folder.path, env);
  assertEquals(PRINTED.exec(again.output()), null);
  assertEquals((await askJson(`${again.url}/api/meters`, bearer(key))).status, 200);
});

Deno.test("ADMIN_KEY is the admin key, and no output shows it", async () => {
  await using folder = await makeTempFolder();
  const ADMIN_KEY = `ow_admin_${"0123456789abcdef".repeat(4)}`;
  await using service = await startProcess(folder.path, { AUTH: "keys", ADMIN_KEY });
  assertEquals((await askJson(`${service.url}/api/keys`, bearer(ADMIN_KEY))).status, 200);
  assert(!service.output().includes("0123456789abcdef"));
  assertEquals(PRINTED.exec(service.output()), null);
});

Deno.test("a start that others could reach refuses without AUTH, and names both settings that help", async () => {
  await using folder = await makeTempFolder();
  const { code, output } = await failStart(folder.path, { HOST: "0.0.0.0" });
  assertEquals(code, 1);
  assertStringIncludes(output, "AUTH=keys");
  assertStringIncludes(output, "ALLOW_ANONYMOUS=true");
  await using service = await startProcess(folder.path, {
    HOST: "0.0.0.0",
    ALLOW_ANONYMOUS: "true",
  });
  const { port } = new URL(service.url);
  assertEquals((await askJson(`http://127.0.0.1:${port}/api/meters`)).status, 200);
});

Deno.test("with AUTH=keys the commands that a start prints send a key", async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, { AUTH: "keys", DEMO_DATA: "true" });
  const key = PRINTED.exec(service.output())?.[1] ?? "";
  const commands = /Try[^\n]*:\n((?: {2}.+\n){3})/.exec(service.output())?.[1] ?? "";
  assertMatch(commands, /Authorization: Bearer \$OPENWATTS_KEY/);
  const shell = await new Deno.Command("bash", {
    args: ["-c", commands],
    cwd: folder.path,
    env: { OPENWATTS_KEY: key },
  }).output();
  assert(shell.success);
  const csv = await Deno.readTextFile(`${folder.path}/january.csv`);
  // A header, and 31 days of 1,440 minutes.
  assertEquals(csv.split("\n").length - 1, 44_641);
});
