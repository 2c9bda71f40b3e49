import { followActivity, repeat, withCommitsNoted } from "../../kv/activity.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FakeTime } from "../support/fake_time.ts";

const NEVER = new AbortController().signal;

/** Activity of a process that has its database alone, by a clock that tests move. */
function aloneAt(time: FakeTime) {
  const startedMs = time.now();
  return followActivity({ shared: null, elapsedMs: () => time.now() - startedMs });
}

/** Rests, and notes when the rest was over. */
function timed(rest: Promise<void>, time: FakeTime): { endedMs: number | null } {
  const startedMs = time.now();
  const result: { endedMs: number | null } = { endedMs: null };
  rest.then(() => result.endedMs = time.now() - startedMs);
  return result;
}

/** Moves time second by second. */
async function passSeconds(time: FakeTime, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) await time.pass(1_000);
}

Deno.test("a rest takes a quarter of the time since the last write, at least its own time, at most a minute", async () => {
  using time = new FakeTime();
  await using activity = aloneAt(time);
  const first = timed(activity.rest(1_000, NEVER), time);
  await passSeconds(time, 40);
  assertEquals(first.endedMs, 1_000);
  // 40 s without a write: a quarter is 10 s.
  const second = timed(activity.rest(1_000, NEVER), time);
  await passSeconds(time, 360);
  assertEquals(second.endedMs, 10_000);
  // 400 s: a quarter is 100 s.
  const third = timed(activity.rest(1_000, NEVER), time);
  await passSeconds(time, 70);
  assertEquals(third.endedMs, 60_000);
});

Deno.test("a loop that knows when it has work rests until then after 5 s without a write", async () => {
  using time = new FakeTime();
  await using activity = aloneAt(time);
  const untilNext = () => Promise.resolve(7_000);
  const soon = timed(activity.rest(1_000, NEVER, untilNext), time);
  await passSeconds(time, 6);
  const later = timed(activity.rest(1_000, NEVER, untilNext), time);
  const never = timed(activity.rest(1_000, NEVER, () => Promise.resolve(Infinity)), time);
  // What is due already, or could not be read, is tried as often as ever.
  const late = timed(activity.rest(1_000, NEVER, () => Promise.resolve(-5)), time);
  const broken = timed(activity.rest(1_000, NEVER, () => Promise.reject(new Error())), time);
  await passSeconds(time, 70);
  assertEquals([soon, later, never, late, broken].map(({ endedMs }) => endedMs), [
    1_000,
    7_000,
    60_000,
    1_000,
    1_000,
  ]);
});

Deno.test("a write ends every rest as soon as the loop's own time is over", async () => {
  using time = new FakeTime();
  await using activity = aloneAt(time);
  await passSeconds(time, 100);
  const rests = [2_000, 500].map((everyMs) => timed(activity.rest(everyMs, NEVER), time));
  await time.pass(1_000);
  assertEquals(rests.map(({ endedMs }) => endedMs), [null, null]);
  activity.note();
  await time.pass(0);
  assertEquals(rests.map(({ endedMs }) => endedMs), [null, 1_000]);
  await time.pass(1_000);
  assertEquals(rests[0].endedMs, 2_000);
  assert(!activity.isQuiet(500));
});

Deno.test("a signal ends a rest", async () => {
  using time = new FakeTime();
  await using activity = aloneAt(time);
  await passSeconds(time, 100);
  const stop = new AbortController();
  const rest = timed(activity.rest(1_000, stop.signal), time);
  stop.abort();
  await time.pass(0);
  assertEquals(rest.endedMs, 0);
});

Deno.test("rests leave nothing at a signal that lasts as long as the process", async () => {
  using time = new FakeTime();
  await using activity = aloneAt(time);
  let listeners = 0;
  const lasting = new AbortController().signal;
  const { addEventListener, removeEventListener } = lasting;
  lasting.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(lasting, args);
  };
  lasting.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(lasting, args);
  };
  // Some versions of Deno keep a reference to each signal that is made of a lasting one.
  const { any } = AbortSignal;
  AbortSignal.any = () => {
    throw new TypeError("a signal is made of others");
  };
  try {
    const rests = [activity.rest(1_000, lasting), activity.rest(60_000, lasting)];
    await time.pass(500);
    assertEquals(listeners, 2);
    activity.note();
    await time.pass(500);
    await rests[0];
    assertEquals(listeners, 1);
    await passSeconds(time, 60);
    await rests[1];
    assertEquals(listeners, 0);
  } finally {
    AbortSignal.any = any;
  }
});

Deno.test("commits, sets and deletes are reported; commits that a check refuses, and reads, are not", async () => {
  using database = await Deno.openKv(":memory:");
  let notes = 0;
  const kv = withCommitsNoted(database, () => notes++);
  const counts: number[] = [];
  await kv.atomic().set(["a"], 1).set(["b"], 2).commit();
  counts.push(notes);
  await kv.set(["a"], 2);
  await kv.delete(["b"]);
  counts.push(notes);
  await kv.atomic().check({ key: ["a"], versionstamp: null }).set(["a"], 3).commit();
  await kv.get(["a"]);
  await kv.getMany([["a"]]);
  await Array.fromAsync(kv.list({ prefix: [] }));
  counts.push(notes);
  assertEquals(counts, [1, 3, 3]);
});

Deno.test("a write of another process over the same database ends a rest; the pulse is written every 5 s at most", async () => {
  using kv = await Deno.openKv(":memory:");
  let elapsedMs = 0;
  const rested = Promise.withResolvers<void>();
  await using one = followActivity({ shared: kv, elapsedMs: () => elapsedMs });
  await using other = followActivity({ shared: kv, elapsedMs: () => elapsedMs });
  // Both watches have seen the empty pulse.
  await new Promise((resolve) => setTimeout(resolve, 50));
  elapsedMs = 1e6;
  other.rest(1, NEVER).then(rested.resolve);
  one.note();
  await rested.promise;
  const first = await kv.get(["pulse"]);
  elapsedMs += 4_999;
  one.note();
  assertEquals((await kv.get(["pulse"])).versionstamp, first.versionstamp);
  elapsedMs += 1;
  one.note();
  while ((await kv.get(["pulse"])).versionstamp === first.versionstamp);
});

/** A database that answers nothing. Its watches break at once if `isBroken`. */
function awayKv(isBroken: boolean) {
  const calls = { get: 0, set: 0, watch: 0, cancel: 0 };
  const never = new Promise<never>(() => {});
  const silent = (name: "get" | "set") => {
    calls[name]++;
    return never;
  };
  const kv = {
    get: () => silent("get"),
    set: () => silent("set"),
    watch() {
      calls.watch++;
      const cancel = () => {
        calls.cancel++;
        return isBroken ? Promise.resolve() : never;
      };
      const read = () => isBroken ? Promise.reject(new Error("away")) : never;
      return { getReader: () => ({ read, cancel }) } as unknown as ReadableStream<never>;
    },
  };
  return { calls, kv };
}

Deno.test("a process stops within a second while its database is away", async () => {
  using time = new FakeTime();
  const { kv, calls } = awayKv(false);
  const activity = followActivity({ shared: kv, elapsedMs: () => time.now() });
  await passSeconds(time, 6);
  activity.note();
  assertEquals(calls, { get: 1, set: 1, watch: 1, cancel: 0 });
  let isStopped = false;
  activity[Symbol.asyncDispose]().then(() => isStopped = true);
  await time.pass(999);
  assertEquals(isStopped, false);
  await time.pass(1);
  assertEquals(isStopped, true);
});

Deno.test("a watch that broke leaves nothing behind, and the pulse is read again when a read gets no answer", async () => {
  using time = new FakeTime();
  const { kv, calls } = awayKv(true);
  const activity = followActivity({ shared: kv, elapsedMs: () => time.now() });
  await passSeconds(time, 64);
  assertEquals(calls, { get: 1, set: 0, watch: 13, cancel: 0 });
  // A minute after the first read, which was at 5 s, and 5 s of rest.
  await passSeconds(time, 6);
  assertEquals([calls.get, calls.watch], [2, 15]);
  const stopped = activity[Symbol.asyncDispose]();
  await passSeconds(time, 1);
  await stopped;
  assertEquals(calls.cancel, 0);
});

Deno.test("repeat() does something every time while somebody writes, and what failed again", async () => {
  using time = new FakeTime();
  await using activity = aloneAt(time);
  const doneMs: number[] = [];
  const faults: unknown[] = [];
  const startedMs = time.now();
  const repeated = repeat(() => {
    doneMs.push(time.now() - startedMs);
    return doneMs.length === 4 ? Promise.reject(new Error("away")) : Promise.resolve();
  }, { everyMs: 2_000, activity, onFault: (error) => faults.push(error) });
  await passSeconds(time, 80);
  // At 4 s, somebody has written less than 5 s ago. After 6 s it rests for a minute, fails, and is done
  // again two seconds later.
  assertEquals(doneMs, [2_000, 4_000, 6_000, 66_000, 68_000]);
  assertEquals(faults.length, 1);
  await repeated.stop();
});

Deno.test("repeat() stops when what it does has ended, at the latest after a second", async () => {
  using time = new FakeTime();
  await using activity = aloneAt(time);
  const { promise, resolve } = Promise.withResolvers<void>();
  let begun = 0;
  const step = () => {
    begun++;
    return promise;
  };
  const repeated = repeat(step, { everyMs: 2_000, activity, onFault: () => {} });
  await passSeconds(time, 2);
  assertEquals(begun, 1);
  const first = timed(repeated.stop(), time);
  await time.pass(999);
  assertEquals(first.endedMs, null);
  await time.pass(1);
  assertEquals(first.endedMs, 1_000);
  const second = timed(repeated.stop(), time);
  resolve();
  await time.pass(0);
  assertEquals(second.endedMs, 0);
  await passSeconds(time, 70);
  assertEquals(begun, 1);
});
