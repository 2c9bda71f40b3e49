import { AppError } from "../../../data/app_error.ts";
import { mayPass, retryDelayMs } from "../../../jobs/engine/retry.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("retryDelayMs() waits half a second, then two", () => {
  assertEquals([1, 2].map(retryDelayMs), [500, 2_000]);
});

Deno.test("mayPass() is true for storage faults and unknown faults, false for missing meters", () => {
  assertEquals(mayPass(new AppError("STORAGE_FULL", "")), true);
  assertEquals(mayPass(new AppError("STORAGE_UNAVAILABLE", "")), true);
  assertEquals(mayPass(new TypeError("")), true);
  assertEquals(mayPass(new AppError("SMART_METER_NOT_FOUND", "")), false);
});
