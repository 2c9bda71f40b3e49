import { createLog, LOG_LEVELS, type LogLevel } from "../../data/log.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";

/** A log at a level, and the records of the lines it wrote. */
function logTo(level: LogLevel) {
  const lines: string[] = [];
  // 1,704,067,200 is 2024-01-01T00:00:00Z in Unix seconds.
  const now = () => 1_704_067_200_500;
  const log = createLog({ level, now, write: (line) => lines.push(line) });
  const records = (): Record<string, unknown>[] => lines.map((line) => JSON.parse(line));
  return { log, lines, records };
}

Deno.test("a record is one line of JSON with its time, level, event and fields", () => {
  const { log, lines } = logTo("info");
  log("warn", "job_failed", { jobId: "7", details: "two\nlines" });
  assertEquals(lines, [
    '{"time":"2024-01-01T00:00:00.500Z","level":"warn","event":"job_failed","jobId":"7",' +
    '"details":"two\\nlines"}',
  ]);
});

Deno.test("records below the level are left out, the level itself is not", () => {
  for (const [index, level] of LOG_LEVELS.entries()) {
    const { log, records } = logTo(level);
    for (const each of LOG_LEVELS) log(each, "tick");
    assertEquals(records().map((record) => record.level), LOG_LEVELS.slice(index));
  }
  assertEquals([...LOG_LEVELS], ["debug", "info", "warn", "error"]);
});

Deno.test("an error is written with its name, message, stack and cause, wherever it stands", () => {
  const { log, records } = logTo("debug");
  const cause = new RangeError("too far");
  log("error", "crash", { error: new TypeError("no", { cause }), tried: [cause] });
  const [{ error, tried }] = records();
  const { stack, ...rest } = error as Record<string, unknown>; // A parsed object by its making.
  assertMatch(String(stack), /^TypeError: no\n/);
  assertEquals(rest, {
    name: "TypeError",
    message: "no",
    cause: { name: "RangeError", message: "too far", stack: cause.stack },
  });
  assertEquals(tried, [{ name: "RangeError", message: "too far", stack: cause.stack }]);
});

Deno.test("a bigint among the fields is written as its digits", () => {
  const { log, records } = logTo("debug");
  log("info", "revision", { revision: 12345678901234567890n });
  assertEquals(records()[0].revision, "12345678901234567890");
});

Deno.test("a line is written with the level of its record, which names the method of the console", () => {
  const written: string[] = [];
  const write = (_line: string, level: LogLevel) => written.push(level);
  const log = createLog({ level: "debug", now: () => 0, write });
  for (const level of LOG_LEVELS) log(level, "tick");
  assertEquals(written, ["debug", "info", "warn", "error"]);
});
