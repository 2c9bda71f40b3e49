import { listen } from "../../../routes/http/listen.ts";
import { greeting } from "../../../routes/service/greeting.ts";
import { assertEquals } from "../../support/assert.ts";
import { TOP } from "../../support/sources.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

/** A program that listens, prints its URL, and stops when its input ends. */
const PROGRAM = `
import { listen } from ${
  JSON.stringify(new URL("../../../routes/http/listen.ts", import.meta.url))
};
const options = { host: "127.0.0.1", port: 0, corsOrigins: [], graceMs: 1000 };
const { url, stop } = listen(options, () => new Response("here"));
console.log(url);
await Deno.stdin.read(new Uint8Array(1));
await stop();
`;

Deno.test("the URL has the port that was free, and brackets around IPv6", async () => {
  const options = { port: 0, corsOrigins: [], graceMs: 1_000 };
  const { url, stop } = listen({ ...options, host: "::1" }, () => new Response("here"));
  assertEquals(/^http:\/\/\[::1\]:[1-9]\d+$/.test(url), true, url);
  const response = await fetch(url);
  assertEquals(await response.text(), "here");
  await stop();
});

Deno.test("where the host chooses a Unix socket, the service listens there and says so", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/socket`;
  const module = `${folder.path}/listens.ts`;
  await Deno.writeTextFile(module, PROGRAM);
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "--no-check", "-A", "--config", `${TOP}deno.json`, module],
    env: { DENO_SERVE_ADDRESS: `unix:${path}`, NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await output.read();
  assertEquals(value?.trim(), `unix:${path}`);
  using client = await Deno.connect({ transport: "unix", path });
  await client.write(new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n"));
  const text = await new Response(client.readable).text();
  assertEquals(text.split("\r\n\r\n")[1], "here");
  await process.stdin.close();
  assertEquals((await process.status).code, 0);
  await output.cancel();
});

Deno.test("a service on a socket prints no commands to try", () => {
  const access = { hasKeys: false, oidc: null, adminKey: null, publicUrl: null };
  const text = greeting({ url: "unix:/run/openwatts", demoReadings: null }, {
    access,
    version: "1",
  });
  assertEquals(text, "OpenWatts 1 listens on unix:/run/openwatts");
});
