import { AppError } from "../../../data/app_error.ts";
import { createS3Client } from "../../../data/s3/client.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { never, textOf } from "../../support/file_store_box.ts";
import { accessKey } from "../../support/s3_server.ts";

const TEXT = "0123456789".repeat(10);
const PATIENCE = { timeoutMs: 150, retryBaseMs: 1, tries: 4 };

/** What a connection does after its first bytes. */
type End = "whole" | "break" | "stall";

/** A server with one object. It sends some bytes per answer, then breaks off or stalls. */
function startBroken(ends: End[], bytesEach: number): AsyncDisposable & {
  url: string;
  requests: (string | null)[][];
  setEtag(etag: string): void;
} {
  const requests: (string | null)[][] = [];
  let etag = '"one"';
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ headers }) => {
      const match = headers.get("if-match");
      requests.push([headers.get("range"), match]);
      if (match !== null && match !== etag) return new Response(null, { status: 412 });
      const range = /^bytes=(\d+)-(\d*)$/.exec(headers.get("range") ?? "");
      const start = Number(range?.[1] ?? 0);
      const left = TEXT.slice(start, range?.[2] ? Number(range[2]) + 1 : undefined);
      const end = ends.shift() ?? "whole";
      const body = new ReadableStream({
        async start(controller) {
          const sent = end === "whole" ? left : left.slice(0, bytesEach);
          controller.enqueue(new TextEncoder().encode(sent));
          if (end === "whole") return controller.close();
          if (end === "stall") return;
          // Lets the sent bytes arrive before the connection ends.
          await new Promise((resolve) => setTimeout(resolve, 20));
          controller.error(new Error("broken"));
        },
      });
      const status = range === null ? 200 : 206;
      return new Response(body, { status, headers: { etag, "content-length": `${left.length}` } });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    requests,
    setEtag: (next) => void (etag = next),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function clientOf(endpoint: string): ReturnType<typeof createS3Client> {
  const access = { region: "x", credentials: accessKey("a", "b") };
  return createS3Client({ ...access, endpoint, bucket: "one", patience: PATIENCE });
}

Deno.test("a read continues after a broken or stalled connection, with the same object only", async () => {
  await using server = startBroken(["break", "stall", "break"], 7);
  const stream = await clientOf(server.url).get("a", { signal: never });
  assertEquals(await textOf(stream), TEXT);
  assertEquals(server.requests, [
    [null, null],
    ["bytes=7-99", '"one"'],
    ["bytes=14-99", '"one"'],
    ["bytes=21-99", '"one"'],
  ]);
});

Deno.test("a read of a range continues within the range", async () => {
  await using server = startBroken(["stall"], 5);
  const range = { start: 10, end: 30 };
  const stream = await clientOf(server.url).get("a", { signal: never, range });
  assertEquals(await textOf(stream), TEXT.slice(10, 30));
  assertEquals(server.requests, [["bytes=10-29", null], ["bytes=15-29", '"one"']]);
});

Deno.test("a read fails if the object was replaced meanwhile, instead of mixing two objects", async () => {
  await using server = startBroken(["break"], 5);
  const stream = await clientOf(server.url).get("a", { signal: never });
  server.setEtag('"two"');
  const error = await assertRejects(() => textOf(stream), AppError);
  assertEquals(error.code, "STORAGE_UNAVAILABLE");
});

Deno.test("a read that keeps breaking off fails", async () => {
  await using server = startBroken(Array(9).fill("break"), 1);
  const stream = await clientOf(server.url).get("a", { signal: never });
  const error = await assertRejects(() => textOf(stream), AppError);
  assertEquals(error.message, "S3 broke off in the middle of a file");
  assertEquals(server.requests.length, PATIENCE.tries);
});

Deno.test("cancelling a read ends its connection, even while it waits", async () => {
  await using server = startBroken(["stall", "stall"], 5);
  const stream = await clientOf(server.url).get("a", { signal: never });
  const reader = stream?.getReader();
  assertEquals((await reader?.read())?.value?.length, 5);
  const waiting = reader?.read();
  await reader?.cancel();
  assertEquals((await waiting)?.done, true);
});
