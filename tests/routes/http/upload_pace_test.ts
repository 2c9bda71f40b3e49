import { assertEquals } from "../../support/assert.ts";
import { createUploadPace } from "../../../routes/http/upload_pace.ts";

const MINUTE_MS = 60_000;

Deno.test("an upload is slow if 5 minutes bring less than 64 KiB a minute", () => {
  const pace = createUploadPace();
  for (let minute = 1; minute < 5; minute++) assertEquals(pace.isSlow(1, MINUTE_MS), false);
  assertEquals(pace.isSlow(1, MINUTE_MS), true);
  // It stays so until it has caught up: 6 minutes need 393,216 bytes.
  assertEquals(pace.isSlow(393_210, MINUTE_MS), true);
  assertEquals(pace.isSlow(1, 0), false);
});

Deno.test("an upload that was fast may not be slow for ever afterwards", () => {
  const pace = createUploadPace();
  assertEquals(pace.isSlow(1_000_000_000, 5 * MINUTE_MS), false);
  assertEquals(pace.isSlow(1, 5 * MINUTE_MS), true);
});

Deno.test("the time in which the service does not read makes no upload slow", () => {
  const pace = createUploadPace();
  for (let chunk = 0; chunk < 1_000; chunk++) assertEquals(pace.isSlow(1, 0), false);
});
