import { assert, assertEquals, assertLess } from "../support/assert.ts";
import { pause, startProcess } from "../support/process.ts";
import { askJson, postJson } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const WATCHERS = 1_000;
/** Clock ticks of `/proc/PID/stat` in a second (Linux, `getconf CLK_TCK`). */
const TICKS = 100;
const WATCHED_MS = 3_000;

/** The processor time of a process so far, seconds; null without /proc. */
async function cpuSeconds(pid: number): Promise<number | null> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => null);
  if (stat === null) return null;
  // After the name in parentheses: state, then utime and stime as the 12th and 13th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

Deno.test(`${WATCHERS} clients watch one export for the price of one reader, and all see its end`, async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, { ROLE: "api" });
  const { body } = await postJson(`${service.url}/api/exports`, {
    smart_meter_id: "1",
    start_datetime: "2024-01-01",
    end_datetime: "2024-01-01",
  });
  const path = `${service.url}/api/exports/${body.job_id}`;
  const texts: string[] = Array(WATCHERS).fill("");
  const ends = texts.map(async (_, index) => {
    const { status, body } = await fetch(`${path}/events`);
    assertEquals(status, 200);
    assert(body !== null);
    for await (const text of body.pipeThrough(new TextDecoderStream())) texts[index] += text;
  });
  const untilMs = Date.now() + 60_000;
  while (!texts.every((text) => text.includes("event: progress"))) {
    assertLess(Date.now(), untilMs, "not every client has seen the export");
    await pause(50);
  }
  const before = await cpuSeconds(service.pid);
  await pause(WATCHED_MS);
  const after = await cpuSeconds(service.pid);
  // A reader for each would read 4,000 records a second.
  if (before !== null && after !== null) assertLess(after - before, 0.5);
  assertEquals((await askJson(path, { method: "DELETE" })).body.status, "cancelled");
  await Promise.all(ends);
  for (const text of texts) {
    assertEquals(text.match(/^event: .*$/gm), ["event: progress", "event: end"]);
    assert(text.includes('"status":"cancelled"'));
  }
  // Each connection has a heartbeat of its own, a comment, so some have got one more than others.
  const events = texts.map((text) => text.replaceAll(/^:.*\n\n/gm, ""));
  assertEquals(new Set(events).size, 1);
  service.kill("SIGTERM");
  assertEquals(await service.ended, 0, service.output());
});
