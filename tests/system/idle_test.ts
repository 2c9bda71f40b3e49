import fakeTimers from "@sinonjs/fake-timers";
import { start } from "../../main.ts";
import { assert } from "../support/assert.ts";
import { TEST_SETTINGS } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

/** Counts the reads of every database: a list counts as one, a read of many keys as so many. */
function countReads(): Disposable & { count: number } {
  const { get, getMany, list } = Deno.Kv.prototype;
  const counter = {
    count: 0,
    [Symbol.dispose]() {
      Object.assign(Deno.Kv.prototype, { get, getMany, list });
    },
  };
  Object.assign(Deno.Kv.prototype, {
    get(this: Deno.Kv, ...args: Parameters<typeof get>) {
      counter.count++;
      return get.apply(this, args);
    },
    getMany(this: Deno.Kv, ...args: Parameters<typeof getMany>) {
      counter.count += args[0].length;
      return getMany.apply(this, args);
    },
    list(this: Deno.Kv, ...args: Parameters<typeof list>) {
      counter.count++;
      return list.apply(this, args);
    },
  });
  return counter;
}

Deno.test("a worker to whom nobody gives work reads the database less than once a second, continuous export included", async () => {
  using reads = countReads();
  await using folder = await makeTempFolder();
  const toFake = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"];
  const realTimeout = setTimeout;
  const clock = fakeTimers.install({ toFake: [...toFake, "Date"] as never, now: Date.now() });
  /**
   * Moves time second by second. Delays of the database and the disk stay real, so it waits for them:
   * on a slow machine they would outlast a deadline that passes in no time.
   */
  async function passSeconds(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      await clock.tickAsync(1_000);
      for (let read = -1; read !== reads.count;) {
        read = reads.count;
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
        await new Promise((resolve) => realTimeout(resolve, 2));
      }
    }
  }
  try {
    const settings = {
      ...TEST_SETTINGS,
      role: "worker" as const,
      fileStore: folder.path,
      continuous: { ...TEST_SETTINGS.continuous, isOn: true, path: `${folder.path}/lake` },
    };
    const logged: string[] = [];
    const service = await start(settings, {
      now: () => clock.now,
      log: (level, event, fields) =>
        level === "error" && logged.push(`${event} ${fields?.duty}: ${fields?.error}`),
    });
    await passSeconds(5);
    const busy = reads.count;
    await passSeconds(10);
    const before = reads.count;
    await passSeconds(120);
    const idle = reads.count - before;
    const stopped = service[Symbol.asyncDispose]();
    await passSeconds(1);
    await stopped;
    assert(busy > 25, `${busy} reads in the first 5 s`);
    // Windows of continuous export end twice, and the longest rest is a minute.
    assert(idle > 20 && idle < 120, `${idle} reads in 2 minutes`);
    assert(logged.length === 0, logged.join());
  } finally {
    clock.uninstall();
  }
});
