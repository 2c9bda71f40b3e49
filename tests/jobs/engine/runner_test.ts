import { AppError } from "../../../data/app_error.ts";
import type { JobKind } from "../../../jobs/engine/job_kind.ts";
import { createRunRecords } from "../../../jobs/engine/run_records.ts";
import { startRun } from "../../../jobs/engine/runner.ts";
import { claimed, newJob } from "../../../jobs/engine/transitions.ts";
import { wrapCommit, wrapKv } from "../../../kv/wrapped_kv.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("a run whose database was given up at a stop ends without an outcome, and does not try again", async () => {
  const calls: string[] = [];
  const unavailable = (name: string) => {
    calls.push(name);
    return Promise.reject(new AppError("DATABASE_UNAVAILABLE", "The database does not answer"));
  };
  using database = await Deno.openKv(":memory:");
  const kv = wrapKv(database, {
    getMany: () => unavailable("read"),
    atomic: () => wrapCommit(database.atomic(), () => unavailable("commit")),
  });
  const logged: string[] = [];
  const files = { remove: () => Promise.resolve(), discard: () => Promise.resolve() };
  const kind: JobKind = {
    name: "test",
    failure: { code: "EXPORT_FAILED", message: "It failed", details: "" },
    run: ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  };
  const made = newJob({ id: "j", kind: "test", params: {}, owner: "o", slot: null }, 0);
  const run = startRun(
    {
      kv,
      records: createRunRecords(kv),
      files,
      // The clock stands still, so that no time is ever over.
      now: () => 0,
      log: (_level, event) => logged.push(event),
      onEnded: () => logged.push("ended"),
      onIdle: () => {},
      nextStart: () => null,
      fileRetentionMs: 1,
      jobRetentionMs: 1,
    },
    { key: ["job", "j"], value: claimed(made, "me", 0), versionstamp: "00" },
    kind,
  );
  run.stop();
  await run.ended;
  assertEquals(calls, ["commit"]);
  assertEquals(logged, ["job run failed", "job could not be written", "job run ended"]);
});
