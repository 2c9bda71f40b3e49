import { reportSilence } from "../../kv/reach.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("reportSilence() reports only while a call has waited for 5 s, however long the work takes", async () => {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const waitedMs = [0, 4_999, 5_000, 0, 60_000, 12];
  const reports: [unknown, number][] = [];
  {
    const onAway = (error: unknown) => reports.push([String(error), waitedMs.length]);
    const waitingMs = () => {
      if (waitedMs.length === 1) resolve();
      return waitedMs.shift() ?? 0;
    };
    using _ = reportSilence(onAway, waitingMs, 1);
    await done;
  }
  const silence = "Error: The database does not answer";
  assertEquals(reports, [[silence, 3], [silence, 1]]);
});
