import { stepAfter } from "../../../routes/assets/answers.js";
import { assertEquals } from "../../support/assert.ts";

/** An answer with a status. */
function answer(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}

Deno.test("a page is loaded again when its key is revoked, and waits when it asked too often", () => {
  assertEquals(stepAfter(answer(200), true), { act: "use" });
  assertEquals(stepAfter(answer(401), true), { act: "reload" });
  assertEquals(stepAfter(answer(429, { "retry-after": "30" }), true), {
    act: "wait",
    pauseMs: 30_000,
  });
  assertEquals(stepAfter(answer(429), true), { act: "wait", pauseMs: 5_000 });
  for (const status of [403, 404, 500, 503]) {
    assertEquals(stepAfter(answer(status), true), { act: "lost" });
  }
});

Deno.test("a refused request is not sent for ever, nor is its page loaded for ever", () => {
  assertEquals(stepAfter(answer(400), true), { act: "reload" });
  assertEquals(stepAfter(answer(400), false), { act: "stop" });
});
