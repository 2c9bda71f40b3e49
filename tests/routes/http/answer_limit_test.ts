import { limitWaiting } from "../../../routes/http/answer_limit.ts";
import { assertEquals } from "../../support/assert.ts";

const INFO = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
  completed: Promise.resolve(),
} as const;
const REQUEST = new Request("http://localhost/");

Deno.test("a request that waits for the database gets 503 with Retry-After, and the late answer is dropped", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  const handler = limitWaiting(() => promise, { waitingMs: () => 60, corsOrigins: [], waitMs: 50 });
  const answer = await handler(REQUEST, INFO);
  assertEquals([answer.status, answer.headers.get("retry-after")], [503, "5"]);
  assertEquals((await answer.json()).code, "DATABASE_UNAVAILABLE");
  const { promise: cancelled, resolve: cancel } = Promise.withResolvers<void>();
  resolve(new Response(new ReadableStream({ cancel: () => cancel() })));
  await cancelled;
});

Deno.test("a request that takes long for another reason is answered in the end", async () => {
  let looks = 0;
  const { promise, resolve } = Promise.withResolvers<Response>();
  const waitingMs = () => {
    if (++looks === 4) resolve(new Response("done"));
    return 49;
  };
  const handler = limitWaiting(() => promise, { waitingMs, corsOrigins: [], waitMs: 50 });
  assertEquals(await (await handler(REQUEST, INFO)).text(), "done");
});
