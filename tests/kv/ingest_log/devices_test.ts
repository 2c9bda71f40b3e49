import { DEVICES_CHANGED_KEY } from "../../../kv/devices/devices.ts";
import { createDeviceIntake, type IntakeResult } from "../../../kv/devices/intake.ts";
import { lastReceivedMs } from "../../../kv/devices/last_seen.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { assertEquals, assertLess, assertLessOrEqual } from "../../support/assert.ts";
import { pageOf } from "../../support/pages.ts";
import { DAY, readLines } from "../../support/series.ts";
import { openTestLogs } from "../../support/series_rig.ts";
import { strictKv } from "../../support/strict_kv.ts";

const BATTERY = { profile: "battery", id: "d" };

/** The clock that all processes of a test share. */
interface Clock {
  nowMs: number;
}

/** Starts a process that accepts readings and writes a log. */
function startProcess(database: Deno.Kv, owner: string, clock: Clock, windowMs = 1_000) {
  const now = () => clock.nowMs;
  const counted = strictKv(database);
  const { kv, ingestKv, log, others } = openTestLogs(counted, now);
  const series = createSeriesStore({ kv, now });
  const intake = createDeviceIntake({
    kv,
    others,
    isExclusive: false,
    owner,
    ingest: createIngest({ kv: ingestKv, writer: owner }),
    series,
    limit: { requests: 10, windowMs },
    offlineAfterMs: 600_000,
    now,
  });
  return {
    kv,
    log,
    series,
    reads: counted.reads,
    commits: counted.commits,
    send(timeMs: number, id = BATTERY.id, { profile } = BATTERY): Promise<IntakeResult> {
      const page = pageOf([[timeMs, "1", "1", "1", "1"]]);
      return intake.accept({ profile, id, page, isCounted: true });
    },
    async sendBatch(timeMs: number): Promise<IntakeResult> {
      const page = pageOf([[timeMs, "1", "1", "1", "1"]]);
      const [result] = await intake.acceptMany([{ ...BATTERY, page, isCounted: true }]);
      if (result.status === "rejected") throw result.reason;
      return result.value;
    },
  };
}

for (const [what, send] of [["requests", "send"], ["batches", "sendBatch"]] as const) {
  Deno.test(`of ${what} that processes receive one after the other, exactly as many as the limit are accepted`, async () => {
    // With and without pauses after which a process counts on the others to be quiet.
    for (const pauseMs of [0, 7, 101, 1_001]) {
      using database = await Deno.openKv(":memory:");
      const clock = { nowMs: DAY };
      const processes = ["one", "two", "three"].map((owner) =>
        startProcess(database, owner, clock)
      );
      const kinds: string[] = [];
      const limitMs = 1_000;
      let firstMs = clock.nowMs;
      const acceptedMs: number[] = [];
      for (let number = 0; number < 30; number++) {
        clock.nowMs += pauseMs;
        if (number === 0) firstMs = clock.nowMs;
        const result = await processes[number % 3][send](DAY + number);
        kinds.push(result.kind);
        if (result.kind === "accepted") acceptedMs.push(clock.nowMs);
        // A process that holds a flush back makes no difference.
        if (number % 4 === 0) await processes[0].log.flush(clock.nowMs);
      }
      // Within any second, 10 requests.
      for (const [index, atMs] of acceptedMs.entries()) {
        const later = acceptedMs[index + 10];
        if (later !== undefined) assertLessOrEqual(limitMs, later - atMs);
      }
      const isShort = 30 * pauseMs < limitMs;
      if (isShort) assertEquals(kinds.filter((kind) => kind === "accepted").length, 10);
      assertLess(firstMs, clock.nowMs + 1);
      assertEquals((await readLines(processes[1].series, BATTERY)).length, acceptedMs.length);
    }
  });
}

for (const inFlight of [1, 2, 5]) {
  Deno.test(`two processes with logs and ${inFlight} requests each at a time accept at most as many more`, async () => {
    using database = await Deno.openKv(":memory:");
    const clock = { nowMs: DAY };
    const both = ["one", "two"].map((owner) => startProcess(database, owner, clock));
    let timeMs = DAY, accepted = 0;
    const client = async ({ send }: (typeof both)[number]) => {
      for (let index = 0; index < 15; index++) {
        if ((await send(timeMs++)).kind === "accepted") accepted++;
      }
    };
    await Promise.all(both.flatMap((one) => Array.from({ length: inFlight }, () => client(one))));
    assertLessOrEqual(10, accepted);
    assertLessOrEqual(accepted, 10 + inFlight);
    assertEquals((await readLines(both[0].series, BATTERY)).length, accepted);
  });
}

Deno.test("a reading of a device that sends to one process costs one commit and no read", async () => {
  using database = await Deno.openKv(":memory:");
  const clock = { nowMs: DAY };
  const one = startProcess(database, "one", clock);
  const other = startProcess(database, "other", clock);
  await other.send(DAY);
  await one.send(DAY + 1);
  clock.nowMs += 1_001;
  await one.send(DAY + 2);
  const before = [one.reads(), one.commits()];
  for (let number = 3; number < 8; number++) await one.send(DAY + number);
  assertEquals([one.reads() - before[0], one.commits() - before[1]], [0, 5]);
});

/** Two processes that know of each other's last messages, and a device from which a window has nothing. */
async function startBoth(database: Deno.Kv, clock: Clock) {
  const [one, two] = ["one", "two"].map((owner) => startProcess(database, owner, clock, 60_000));
  for (const { send } of [one, two]) {
    await send(DAY);
    await send(DAY, "other");
  }
  // What a process lists after it has found the other one is all there is.
  clock.nowMs++;
  for (const { send } of [one, two]) await send(DAY + 1);
  clock.nowMs += 60_001;
  for (const { send } of [one, two]) await send(DAY + 1, "other");
  for (const { log } of [one, two]) await log.look();
  return { one, two };
}

Deno.test("a process accepts its share of half the limit without a look at the others, and no more", async () => {
  using database = await Deno.openKv(":memory:");
  const clock = { nowMs: DAY };
  const { one, two } = await startBoth(database, clock);
  const reads = () => two.reads() - before;
  const before = two.reads();
  // Two and a half for each of the two.
  for (let number = 2; number < 4; number++) {
    assertEquals((await two.send(DAY + number)).kind, "accepted");
    assertEquals(reads(), 0);
  }
  assertEquals((await two.send(DAY + 4)).kind, "accepted");
  assertEquals(reads(), 1);
  for (let number = 5; number < 20; number++) await one.send(DAY + number);
  // Whoever looks knows what is left. Two readings are from before.
  assertEquals((await readLines(one.series, BATTERY)).length, 2 + 10);
});

Deno.test("what is accepted without a look comes on top of the limit, for a second at most", async () => {
  using database = await Deno.openKv(":memory:");
  const clock = { nowMs: DAY };
  const { one, two } = await startBoth(database, clock);
  for (let number = 2; number < 20; number++) await one.send(DAY + number);
  const kinds: string[] = [];
  for (let number = 20; number < 25; number++) kinds.push((await two.send(DAY + number)).kind);
  assertEquals(kinds, ["accepted", "accepted", "limited", "limited", "limited"]);
});

Deno.test("a process that has not looked for a second does", async () => {
  using database = await Deno.openKv(":memory:");
  const clock = { nowMs: DAY };
  const { one, two } = await startBoth(database, clock);
  for (let number = 2; number < 20; number++) await one.send(DAY + number);
  clock.nowMs += 1_000;
  assertEquals((await two.send(DAY + 20)).kind, "limited");
});

for (const passMs of [500, 2_001]) {
  Deno.test(`what another process received is counted ${passMs} ms after it was carried out`, async () => {
    using database = await Deno.openKv(":memory:");
    const clock = { nowMs: DAY };
    const [one, two] = ["one", "two"].map((owner) => startProcess(database, owner, clock, 10_000));
    await one.send(DAY);
    for (let number = 1; number < 10; number++) await two.send(DAY + number);
    await two.log.flush(clock.nowMs);
    clock.nowMs += passMs;
    // After two seconds, this deletes the records before the first process has seen them.
    await two.log.flush(clock.nowMs);
    assertEquals((await one.send(DAY + 20)).kind, "limited");
    assertEquals(await lastReceivedMs(one.kv, "d"), DAY);
  });
}

/** For some seconds, a process receives of another device, and both carry out what they know. */
async function passSeconds(
  seconds: number,
  clock: Clock,
  processes: readonly ReturnType<typeof startProcess>[],
) {
  for (let passed = 0; passed < seconds; passed++) {
    clock.nowMs += 1_000;
    await processes[1].send(clock.nowMs, "other");
    for (const { log } of processes) await log.flush(clock.nowMs);
  }
}

for (const looks of ["never", "at once"]) {
  Deno.test(`what another process received counts for the whole window, asked for ${looks}`, async () => {
    using database = await Deno.openKv(":memory:");
    const clock = { nowMs: DAY };
    const both = ["one", "two"].map((owner) => startProcess(database, owner, clock, 60_000));
    const [one, two] = both;
    // Both have a log that the other one knows.
    for (const { send } of both) await send(DAY, "other");
    for (const { log } of both) await log.look();
    clock.nowMs++;
    await one.send(DAY);
    for (let number = 1; number < 10; number++) await two.send(DAY + number);
    if (looks === "at once") {
      await one.log.look();
      assertEquals((await one.send(DAY + 10)).kind, "limited");
    }
    await passSeconds(8, clock, both);
    const reads = one.reads();
    assertEquals((await one.send(DAY + 20)).kind, "limited");
    // Whether there is anything new.
    assertLessOrEqual(one.reads() - reads, 1);
    clock.nowMs = DAY + 60_001;
    assertEquals((await one.send(DAY + 30)).kind, "accepted");
  });
}

for (const send of ["send", "sendBatch"] as const) {
  Deno.test(`a process that counts on another one to be quiet finds out if it was not, by ${send}()`, async () => {
    using database = await Deno.openKv(":memory:");
    const clock = { nowMs: DAY };
    const both = ["one", "two"].map((owner) => startProcess(database, owner, clock, 60_000));
    const [one, two] = both;
    await two.send(DAY);
    await one.send(DAY + 1);
    clock.nowMs += 1_001;
    await one.send(DAY + 2);
    const reads = one.reads();
    await one[send](DAY + 3);
    assertEquals(one.reads() - reads, 0);
    for (let number = 4; number < 10; number++) await two.send(DAY + number);
    assertEquals((await one[send](DAY + 10)).kind, "limited");
  });
}

/** The writers of the last-seen records of the device. */
async function writersOf(database: Deno.Kv): Promise<string[]> {
  const entries = await Array.fromAsync(database.list({ prefix: ["beat", BATTERY.id] }));
  return entries.map(({ key }) => String(key[2]));
}

Deno.test("a process keeps the record of another one that received again after an hour", async () => {
  using database = await Deno.openKv(":memory:");
  const clock = { nowMs: DAY };
  const both = ["one", "two"].map((owner) => startProcess(database, owner, clock, 60_000));
  const [one, two] = both;
  await two.send(DAY);
  await two.log.flush(clock.nowMs);
  await one.log.look();
  clock.nowMs++;
  await one.send(DAY + 1);
  await passSeconds(8, clock, both);
  clock.nowMs += 3_600_000;
  await two.send(DAY + 2);
  await passSeconds(8, clock, both);
  await one.send(DAY + 3);
  await one.log.flush(clock.nowMs);
  assertEquals(await writersOf(database), ["one", "two"]);
});

Deno.test("a process deletes the record of one that is gone for an hour once", async () => {
  using database = await Deno.openKv(":memory:");
  const clock = { nowMs: DAY };
  const both = ["one", "two"].map((owner) => startProcess(database, owner, clock));
  const [one, two] = both;
  await two.send(DAY);
  await two.log.flush(clock.nowMs);
  await one.log.look();
  clock.nowMs += 3_600_001;
  await one.send(DAY + 1);
  await one.log.flush(clock.nowMs);
  assertEquals(await writersOf(database), ["one"]);
  await one.send(DAY + 2);
  const [later] = one.log.state.known.inOrder();
  assertEquals(later.entries.map(({ key }) => key), [["beat", BATTERY.id, "one"]]);
  await passSeconds(8, clock, both);
  assertEquals((await one.send(DAY + 3)).kind, "accepted");
});

Deno.test("a busy process refuses nothing by the record of a device that another one has made anew", async () => {
  using database = await Deno.openKv(":memory:");
  const clock = { nowMs: DAY };
  const [one, two] = ["one", "two"].map((owner) => startProcess(database, owner, clock, 60_000));
  for (const { send } of [one, two]) {
    await send(DAY);
    await send(DAY, "other");
  }
  clock.nowMs += 60_001;
  // Both are busy: the one finds what the other has just received.
  for (let step = 0; step < 3; step++) {
    clock.nowMs += 50;
    await one.send(DAY + step, "other");
    await two.send(DAY + step, "other");
  }
  // Far below the limit, this takes no look.
  await two.send(DAY + 1);
  const { value } = await database.get<Record<string, unknown>>(["device", BATTERY.id]);
  await database.atomic().set(["device", BATTERY.id], { ...value, profile: "appliance" })
    .set(DEVICES_CHANGED_KEY, clock.nowMs).commit();
  clock.nowMs += 10;
  const { kind } = await two.send(DAY + 9, BATTERY.id, { profile: "appliance", id: BATTERY.id });
  assertEquals(kind, "accepted");
});

Deno.test("what another process received counts after its log was closed", async () => {
  using database = await Deno.openKv(":memory:");
  const clock = { nowMs: DAY };
  const [one, two, three] = ["one", "two", "three"].map((owner) =>
    startProcess(database, owner, clock, 3_600_000)
  );
  await one.send(DAY);
  await one.send(DAY, "other");
  for (let number = 1; number < 10; number++) await two.send(DAY + number);
  for (const passMs of [0, 2_001, 600_001]) {
    clock.nowMs += passMs;
    await three.log.flush(clock.nowMs);
  }
  assertEquals((await database.get(["ingest", "writers"])).value, { v: 2, writers: [] });
  // The look of this is the first one since then.
  await one.send(DAY + 20, "other");
  assertEquals((await one.send(DAY + 20)).kind, "limited");
});
