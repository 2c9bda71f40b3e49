import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { hasBrowser, openPage } from "./browser.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await hasBrowser();

/** What a page of another origin could read of an export: status, headers and the file. */
interface ReadByPage {
  status: number;
  headers: Record<string, string | null>;
  file: string;
  problem: string;
}

/** Serves an empty page at another origin. */
function servePage(): Deno.HttpServer<Deno.NetAddr> {
  const headers = { "content-type": "text/html" };
  const answer = () => new Response("<!doctype html><title>Another origin</title>", { headers });
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
}

/** Runs in the page: an export with a preflight, its file, and a problem. */
async function readFromPage(url: string): Promise<ReadByPage> {
  const created = await fetch(`${url}/api/export/csv`, {
    method: "POST",
    headers: { "content-type": "application/json", "prefer": "wait=30", "idempotency-key": "k" },
    body: JSON.stringify({
      smart_meter_id: "123",
      start_datetime: "2024-01-01",
      end_datetime: "2024-01-01",
      format: "csv",
    }),
  });
  const { file_info } = await created.json();
  const file = await fetch(url + file_info.download_url, { headers: { range: "bytes=0-8" } });
  const problem = await fetch(`${url}/nowhere`);
  return {
    status: created.status,
    headers: {
      location: created.headers.get("location"),
      applied: created.headers.get("preference-applied"),
      disposition: file.headers.get("content-disposition"),
      digest: file.headers.get("repr-digest"),
      etag: file.headers.get("etag"),
      range: file.headers.get("content-range"),
    },
    file: await file.text(),
    problem: (await problem.json()).code,
  };
}

Deno.test({
  name:
    "a page of a listed origin exports, reads headers, a file and a problem; others are blocked",
  ignore,
  async fn() {
    await using listed = servePage();
    await using other = servePage();
    const origin = `http://127.0.0.1:${listed.addr.port}`;
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, {
      KV_PATH: ":memory:",
      CORS_ORIGINS: origin,
    });
    const upload = await fetch(`${service.url}/api/meters/123/readings`, {
      method: "POST",
      headers: { "content-type": "text/csv" },
      body: "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n",
    });
    assertEquals((await upload.json()).inserted, 1);

    await using watched = await openPage(origin);
    const read = await watched.page.evaluate(readFromPage, service.url);
    assertEquals([read.status, read.file, read.problem], [200, "timestamp", "ROUTE_NOT_FOUND"]);
    const { location, applied, disposition, digest, etag, range } = read.headers;
    assertStringIncludes(location ?? "", "/api/export/status/");
    assertEquals(applied, "wait=30");
    assertStringIncludes(disposition ?? "", "smart_meter_123_20240101_20240101.csv");
    for (const header of [digest, etag, range]) assert(header !== null);

    await using stranger = await openPage(`http://127.0.0.1:${other.addr.port}`);
    const blocked = await stranger.page.evaluate(
      (url: string) => fetch(`${url}/health`).then(() => "read", () => "blocked"),
      service.url,
    );
    assertEquals(blocked, "blocked");
  },
});
