import { assertEquals } from "../support/assert.ts";
import { cpuSecondsOf } from "./cpu_time.ts";
import { deployRows, setupRows, setupTable } from "./scale.ts";

Deno.test("the rows of a setup leave out what was not measured", () => {
  const figures = {
    postsPerSecond: 4_321,
    postsLoad: "1,000 devices, 64 connections",
    cores: null,
    serverCores: null,
    batches: { "1,000 of 10 devices": 151_234 },
    jobsPerSecond: 21.4,
    bytesPerReading: 6.34,
  };
  assertEquals(setupRows(figures), [
    ["readings a second, one in a request (1,000 devices, 64 connections)", "4,300"],
    // 4,321 a second are 259,260 a minute.
    ["devices at a reading a minute, sent so", "260,000"],
    ["readings a second, in batches of 1,000 of 10 devices", "150,000"],
    ["exports of a month of minutes a second", "21"],
    ["bytes of a reading of four values at rest", "6.3"],
  ]);
  const measured = setupRows({ ...figures, cores: 0.96, serverCores: 0.31, bytesPerReading: null });
  assertEquals(measured.slice(-2), [
    ["cores that the service used, one in a request", "1.0"],
    ["cores that the database server used meanwhile", "0.3"],
  ]);
});

Deno.test("each row of a table says where its figure comes from", () => {
  assertEquals(
    setupTable([["jobs a second", "20"]], "computed").split("\n").at(-1),
    "| jobs a second | 20     | computed |",
  );
});

Deno.test("what Deno Deploy can do follows from the time of a commit", () => {
  const inputs = {
    commitMs: 100,
    connections: 64,
    batch: 1_000,
    jobCommits: 3,
    jobsAtOnce: 4,
    bytesPerReading: 8,
  };
  // 10 commits a second; 4 jobs at a time, each 0.3 s; 10^9 bytes of 8.
  assertEquals(deployRows(inputs).map(([, figure]) => figure), [
    "10",
    "640",
    "10,000",
    "13",
    "130 million",
  ]);
});

Deno.test("cpuSecondsOf() reads user and system time, also after a name with spaces and parentheses", () => {
  // The line of a process as proc_pid_stat(5) describes it; 250 and 50 ticks of a hundredth.
  const stat = "4242 (deno) x (1) S 1 4242 4242 0 -1 4194304 9 0 0 0 250 50 0 0 20 0 8 0 100 0 0";
  assertEquals(cpuSecondsOf(stat), 3);
});
