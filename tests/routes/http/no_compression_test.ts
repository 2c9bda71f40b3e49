import { compressesAnswers, unchanged } from "../../../routes/http/no_compression.ts";
import { listen } from "../../../routes/http/listen.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("Deno compresses answers by itself before 2.9", () => {
  const versions = ["1.46.3", "2.5.0", "2.8.0", "2.9.0", "2.9.6", "2.10.0", "3.0.0"];
  const found = versions.filter(compressesAnswers);
  assertEquals(found, ["1.46.3", "2.5.0", "2.8.0"]);
});

Deno.test("a file may not be changed and says so once, besides its other rules", () => {
  const controlOf = (headers: Record<string, string>, body: string | null = "text") =>
    unchanged(new Response(body, { headers })).headers.get("cache-control");
  const csv = { "content-type": "text/csv", "cache-control": "no-store" };
  assertEquals(controlOf({ ...csv, etag: '"a"' }), "no-store, no-transform");
  assertEquals(controlOf({ ...csv, "content-length": "4" }), "no-store, no-transform");
  assertEquals(controlOf({ "content-type": "text/event-stream" }), "no-transform");
  assertEquals(controlOf({ ...csv, etag: '"a"', "cache-control": "no-transform" }), "no-transform");
  assertEquals(controlOf(csv), "no-store");
  assertEquals(controlOf({ "cache-control": "no-cache", etag: '"a"' }, null), "no-cache");
});

Deno.test("a text for a client that accepts gzip is sent as it is, with its length and ETag", async () => {
  const body = "2024-01-01T00:00:00Z,1\n".repeat(500);
  const headers = { "content-type": "text/csv", "content-length": "11500", etag: '"a"' };
  const options = { host: "127.0.0.1", port: 0, corsOrigins: [], graceMs: 1_000 };
  const { url, stop } = listen(options, () => new Response(new Blob([body]).stream(), { headers }));
  const answer = await fetch(url, { headers: { "accept-encoding": "gzip, br" } });
  assertEquals(
    ["content-length", "etag", "content-encoding"].map((name) => answer.headers.get(name)),
    ["11500", '"a"', null],
  );
  assertEquals(await answer.text(), body);
  await stop();
});

Deno.test("a text that the service holds is sent with its length", async () => {
  const options = { host: "127.0.0.1", port: 0, corsOrigins: [], graceMs: 1_000 };
  const { url, stop } = listen(options, () => new Response("x".repeat(500)));
  const answer = await fetch(url, { headers: { "accept-encoding": "identity" } });
  assertEquals([await answer.text(), answer.headers.get("content-length")], [
    "x".repeat(500),
    "500",
  ]);
  await stop();
});
