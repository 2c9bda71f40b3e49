import { AppError } from "../../../data/app_error.ts";
import { readPackageFile } from "../../../routes/docs/package_files.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../support/assert.ts";
import { TOP } from "../../support/sources.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { createTestApp, type TestApp } from "../app_fixture.ts";
import { assertProblem, jsonAnswer } from "../problem_assert.ts";

/** An app that reads the real packages. */
function appWithPages(): TestApp {
  return createTestApp({ readPackageFile });
}

/** Each file of the pages with its content type and a text that it contains. */
const ASSETS: [name: string, contentType: string, holds: string][] = [
  ["swagger-ui.css", "text/css; charset=utf-8", ".swagger-ui"],
  ["swagger-ui-bundle.js", "text/javascript; charset=utf-8", "SwaggerUIBundle"],
  ["swagger-init.js", "text/javascript; charset=utf-8", "/openapi.json"],
  ["redoc.standalone.js", "text/javascript; charset=utf-8", "Redoc"],
  ["redoc-init.js", "text/javascript; charset=utf-8", "/openapi.json"],
  ["page.css", "text/css; charset=utf-8", "body"],
  ["icon.png", "image/png", "PNG"],
];

for (const [name, contentType, holds] of ASSETS) {
  Deno.test(`/docs/assets/${name} is served as ${contentType}`, async () => {
    const response = await appWithPages().app.request(`/docs/assets/${name}`);
    const text = await response.text();
    assertEquals([response.status, response.headers.get("content-type")], [200, contentType]);
    assertStringIncludes(text, holds);
  });
}

/** The directives of a policy by name. */
function directives(response: Response): Record<string, string> {
  const policy = response.headers.get("content-security-policy") ?? "";
  const pairs = policy.split("; ").map((text): [string, string] => {
    const [name, ...sources] = text.split(" ");
    return [name, sources.join(" ")];
  });
  return Object.fromEntries(pairs);
}

for (const path of ["/docs", "/redoc"]) {
  Deno.test(`${path} loads only files of this service, under a strict policy`, async () => {
    const { app } = appWithPages();
    const response = await app.request(path);
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("content-type"), "text/html; charset=utf-8");
    const policy = directives(response);
    assertEquals(policy["default-src"], "'none'");
    assertEquals(policy["script-src"], "'self'");
    assertEquals(policy["frame-ancestors"], "'none'");
    for (const sources of Object.values(policy)) {
      assert(!/unsafe|https?:|\*/.test(sources), sources);
    }
    const html = await response.text();
    const loaded = Array.from(html.matchAll(/(?:src|href)="([^"]+)"/g), ([, address]) => address);
    assert(loaded.length > 3);
    for (const address of loaded) {
      assertMatch(address, /^\/docs\/assets\//);
      assertEquals((await app.request(address)).status, 200, address);
    }
    // The policy forbids inline scripts and styles.
    assert(!/<script[^>]*>[^<]|<style|\son\w+=|\sstyle=/.test(html));
  });
}

for (const path of ["/openapi.json", "/docs", "/redoc", "/docs/assets/redoc.standalone.js"]) {
  Deno.test(`${path} answers 304 to a request with its ETag`, async () => {
    const { app } = appWithPages();
    const first = await app.request(path);
    const etag = first.headers.get("etag") ?? "";
    const digest = await crypto.subtle.digest("SHA-256", await first.arrayBuffer());
    assertEquals(etag, `"${new Uint8Array(digest).toHex()}"`);
    assertEquals(first.headers.get("cache-control"), "no-cache");
    for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await app.request(path, { headers: { "if-none-match": tags } });
      assertEquals([again.status, await again.text()], [304, ""], tags);
      assertEquals(again.headers.get("etag"), etag);
      const policy = again.headers.get("content-security-policy");
      assertEquals(policy, first.headers.get("content-security-policy"));
    }
    const other = await app.request(path, { headers: { "if-none-match": '"other"' } });
    assertEquals([other.status, (await other.bytes()).length], [
      200,
      Number(first.headers.get("content-length")),
    ]);
    const head = await app.request(path, { method: "HEAD" });
    assertEquals([head.status, await head.text(), head.headers.get("etag")], [200, "", etag]);
  });
}

Deno.test("files of packages are read at the first request for them, and only once", async () => {
  const read: string[] = [];
  const { app } = createTestApp({
    readPackageFile: (name, path) => {
      read.push(`${name}/${path}`);
      return Promise.resolve(new Uint8Array([1, 2, 3]));
    },
  });
  await app.request("/health");
  await app.request("/openapi.json");
  assertEquals(read, []);
  await Promise.all(["/redoc", "/redoc"].map((path) => app.request(path)));
  const file = await app.request("/docs/assets/redoc.standalone.js");
  assertEquals([...await file.bytes()], [1, 2, 3]);
  assertEquals(read, ["redoc/bundles/redoc.standalone.js"]);
});

Deno.test("pages whose packages are missing answer with a problem, and work once these are installed", async () => {
  let isInstalled = false;
  const { app, logged } = createTestApp({
    readPackageFile: (name, path) =>
      isInstalled
        ? readPackageFile(name, path)
        : Promise.reject(new AppError("PAGE_NOT_INSTALLED", "It is not there")),
  });
  for (const path of ["/docs", "/redoc", "/docs/assets/icon.png"]) {
    assertProblem(await jsonAnswer(await app.request(path)), {
      status: 404,
      code: "PAGE_NOT_INSTALLED",
      detail: "It is not there",
    });
  }
  assertEquals((await app.request("/openapi.json")).status, 200);
  assertEquals(logged.filter(({ level }) => level === "error"), []);
  isInstalled = true;
  assertEquals((await app.request("/docs")).status, 200);
});

Deno.test("a file that is missing from its package counts as not installed", async () => {
  const error = await readPackageFile("redoc", "none.js").catch((thrown) => thrown);
  assertEquals([error instanceof AppError, error.code], [true, "PAGE_NOT_INSTALLED"]);
});

Deno.test("a file that cannot be read is a fault: the log has it, the answer hides it", async () => {
  // A folder in place of the file.
  const { app, logged } = createTestApp({
    readPackageFile: () => readPackageFile("redoc", "bundles"),
  });
  assertProblem(await jsonAnswer(await app.request("/redoc")), {
    status: 500,
    code: "INTERNAL_ERROR",
    detail: "An unexpected error occurred; it has been logged",
  });
  const faults = logged.filter(({ level }) => level === "error");
  assertEquals(faults.map(({ event }) => event), ["request failed"]);
  assert(faults[0].fields?.error instanceof Deno.errors.IsADirectory);
});

Deno.test("a package that the runtime has not fetched counts as not installed", async () => {
  await using empty = await makeTempFolder();
  const script = `${empty.path}/script.ts`;
  await Deno.writeTextFile(
    script,
    `import { readPackageFile } from ${JSON.stringify(`${TOP}routes/docs/package_files.ts`)};
     await readPackageFile("redoc", "bundles/redoc.standalone.js")
       .catch(({ code, cause }) => console.log(code, cause.name));`,
  );
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--cached-only", "--frozen", "-A", "--config", `${TOP}deno.json`, script],
    env: { DENO_DIR: `${empty.path}/cache` },
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "PAGE_NOT_INSTALLED TypeError\n");
});
