import { runProgram } from "../bench/program.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { readDocuments } from "../support/documents.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

const ignore = !Deno.env.has("REQUIRE_ALL");
const { signal } = new AbortController();
const ADMIN_KEY = `ow_admin_${"5e".repeat(32)}`;
const ENVIRONMENT = { AUTH: "keys", ADMIN_KEY, TRUST_PROXY: "1" };

Deno.test({
  name: "systemd accepts the unit of docs/operate.md",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    const unit = (await blockOf("ini")).replace("/usr/bin/deno", Deno.execPath());
    await Deno.writeTextFile(`${folder.path}/openwatts.service`, unit);
    const verified = await new Deno.Command("systemd-analyze", {
      args: ["verify", "--man=no", `${folder.path}/openwatts.service`],
    }).output();
    // It also complains of units of the system; those are not ours.
    const told = new TextDecoder().decode(verified.stderr);
    assertEquals(told.split("\n").filter((line) => line.includes("openwatts")), []);
  },
});

Deno.test({
  name: "behind the nginx of docs/operate.md, uploads, waits and downloads work with a key",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, ENVIRONMENT);
    const [certificate, key] = await makeCertificate(folder.path);
    const port = freePort();
    const server = replaceAll(await blockOf("nginx"), {
      "listen 443 ssl;": `listen 127.0.0.1:${port} ssl;`,
      "/etc/ssl/openwatts.crt": certificate,
      "/etc/ssl/openwatts.key": key,
      "http://127.0.0.1:8000": service.url,
    });
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${folder.path}/${name};`).join("\n");
    const config = `daemon off;\npid ${folder.path}/pid;\nerror_log stderr;\n` +
      `user root;\nevents {}\nhttp {\naccess_log off;\n${paths}\n${server}\n}\n`;
    await Deno.writeTextFile(`${folder.path}/nginx.conf`, config);
    const args = ["-p", folder.path, "-c", `${folder.path}/nginx.conf`];
    await run("nginx", ["-t", "-q", ...args]);
    await using _proxy = spawn("nginx", args);
    await checkProxy(`https://localhost:${port}`, certificate, service);
  },
});

Deno.test({
  name: "behind the Caddy of docs/operate.md, uploads, waits and downloads work with a key",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, ENVIRONMENT);
    const [certificate, key] = await makeCertificate(folder.path);
    const port = freePort();
    const site = replaceAll(await blockOf("caddyfile"), {
      "openwatts.example {": `https://localhost:${port} {\n\ttls ${certificate} ${key}`,
      "127.0.0.1:8000": service.url.slice("http://".length),
    });
    const globals = "{\n\tadmin off\n\tauto_https off\n\tskip_install_trust\n}\n";
    await Deno.writeTextFile(`${folder.path}/Caddyfile`, globals + site);
    const args = ["--adapter", "caddyfile", "--config", `${folder.path}/Caddyfile`];
    await using _proxy = spawn("caddy", ["run", ...args], {
      XDG_DATA_HOME: folder.path,
      XDG_CONFIG_HOME: folder.path,
    });
    await checkProxy(`https://localhost:${port}`, certificate, service);
  },
});

/** Imports, exports with a wait and downloads through a proxy, and is refused without a key. */
async function checkProxy(
  url: string,
  certificate: string,
  service: ServiceProcess,
): Promise<void> {
  using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(certificate)] });
  const authorization = `Bearer ${ADMIN_KEY}`;
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(url + path, { ...init, client, headers: { authorization, ...init.headers } });
  await until(async () => {
    const response = await ask("/health").catch(() => null);
    await response?.body?.cancel();
    return response?.status === 200;
  });
  const refused = await fetch(`${url}/api/meters`, { client });
  await refused.body?.cancel();
  assertEquals(refused.status, 401);

  // Three months of minutes, some 5 MB: more than a proxy takes by default.
  const START_MS = Date.parse("2024-01-01T00:00:00Z"), MINUTES = 90 * 1_440;
  const rows = Array.from(
    { length: MINUTES },
    (_, minute) => `${new Date(START_MS + minute * 60_000).toISOString()},${minute % 7}.25`,
  );
  const imported = await ask("/api/meters/proxied/readings", {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: `timestamp,power_kw\n${rows.join("\n")}\n`,
  });
  assertEquals((await imported.json()).inserted, MINUTES);

  const headers = { "content-type": "application/json", prefer: "wait=60" };
  const created = await ask("/api/export/csv", {
    method: "POST",
    headers,
    body: JSON.stringify({
      smart_meter_id: "proxied",
      start_datetime: "2024-01-01T00:00:00Z",
      end_datetime: "2024-03-30T23:59:59Z",
      format: "csv",
    }),
  });
  const { job_id: jobId } = await created.json();
  assertEquals(created.headers.get("preference-applied"), "wait=60");
  const direct = await fetch(`${service.url}/api/export/status/${jobId}`, {
    headers: { authorization },
  });
  const { status, file_info: file } = await direct.json();
  assertEquals(status, "completed");
  const download = await ask(file.download_url);
  const bytes = await download.bytes();
  assertEquals(bytes.length, file.file_size_bytes);
  assert(download.headers.get("repr-digest") !== null);
}

/** The one block of a language in docs/operate.md. */
async function blockOf(language: string): Promise<string> {
  const documents = await readDocuments();
  const operate = documents.find(({ path }) => path === "docs/operate.md");
  const found = operate?.blocks.filter((block) => block.language === language) ?? [];
  assertEquals(found.length, 1, language);
  return found[0].text;
}

/** Replaces texts, each of which must be there. */
function replaceAll(text: string, changes: Record<string, string>): string {
  for (const [from, to] of Object.entries(changes)) {
    assert(text.includes(from), from);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** A certificate for localhost and its key, as paths. */
async function makeCertificate(folder: string): Promise<[certificate: string, key: string]> {
  const [certificate, key] = [`${folder}/tls.crt`, `${folder}/tls.key`];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const leaf = ["-addext", "basicConstraints=critical,CA:FALSE"];
  const files = ["-keyout", key, "-out", certificate];
  await run("openssl", ["req", "-x509", "-days", "2", ...kind, ...name, ...leaf, ...files]);
  return [certificate, key];
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function run(program: string, args: string[]): Promise<string> {
  return runProgram(program, { args, signal });
}

/** A program that runs until it is disposed of. */
function spawn(program: string, args: string[], env: Record<string, string> = {}): AsyncDisposable {
  const child = new Deno.Command(program, { args, env, stdout: "null", stderr: "null" }).spawn();
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}
