/**
 * Whether anybody writes to the database, so that loops that look for work can rest while nobody does.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["pulse"]` | `true` | a process that writes to a shared database, at once and then every 5 s |
 *
 * A loop finds nothing new as long as nobody has written and no time has come that it waits for. So it
 * rests for up to a minute. A commit of this process wakes it. Over a shared database, so does a
 * commit of another one: each process watches the pulse, and also reads it every 5 s in case the watch
 * has broken. A process that dies between a commit and its pulse is noticed after a minute at most. For
 * its jobs, `jobs/engine/due_loop.ts` looks more often.
 *
 * @module
 */

import { type Commit, wrapCommit, wrapKv } from "./wrapped_kv.ts";

/** First part of the key. */
export const PULSE_SPACE = "pulse";
const PULSE_KEY = [PULSE_SPACE];
/** How often a process that writes says so, and how often one that rests looks, milliseconds. */
export const PULSE_MS = 5_000;
/** After so long without an answer, a process that rests looks once more, milliseconds. */
const LOOK_MAX_MS = 60_000;
/** How long a stop waits for calls that run, milliseconds: a database that is away answers none. */
const STOP_MS = 1_000;
/** After so long without a write, loops that know when they have work again rest, milliseconds. */
const SETTLE_MS = 5_000;
/** The others rest for this share of the time since the last write. */
const REST_SHARE = 1 / 4;
/** The longest rest, milliseconds. */
const REST_MAX_MS = 60_000;

/** How long until time alone brings work, milliseconds; `Infinity` if only a write does. */
export type UntilNext = () => Promise<number>;

/** Lets loops rest. */
export interface Activity {
  /** Reports that this process has written, or that somebody waits: every loop looks soon. */
  note(): void;
  /** Every loop of this process looks soon; others rest on. */
  wake(): void;
  /**
   * Waits at least `everyMs`, and longer while nobody writes. Ends early when the signal aborts. Without
   * `untilNext` it waits for a part of the time since the last write.
   */
  rest(everyMs: number, signal: AbortSignal, untilNext?: UntilNext): Promise<void>;
  /** Whether `rest` would wait longer than `everyMs` now. */
  isQuiet(everyMs: number): boolean;
}

/** For loops that never rest longer than usual. */
export const ALWAYS_ACTIVE: Activity = {
  note() {},
  wake() {},
  rest: (everyMs, signal) => sleep(everyMs, signal),
  isQuiet: () => false,
};

/** What following activity needs. */
export interface ActivityDeps {
  /** A database that others share; null for one that this process has alone. */
  readonly shared: Pick<Deno.Kv, "get" | "set" | "watch"> | null;
  /** Milliseconds since any moment. */
  readonly elapsedMs?: () => number;
}

/** A loop that rests. */
interface Resting {
  /** Ends the rest as soon as `everyMs` are over. */
  hurry(): void;
}

/** Starts as if something had just been written. Dispose of it before the database closes. */
export function followActivity(
  { shared, elapsedMs = () => performance.now() }: ActivityDeps,
): Activity & AsyncDisposable {
  const resting = new Set<Resting>();
  let lastMs = elapsedMs();
  let pulsedMs = -Infinity;
  let pulsing: Promise<unknown> = Promise.resolve();

  function wake(): void {
    lastMs = elapsedMs();
    if (resting.size === 0) return;
    for (const one of resting) one.hurry();
    resting.clear();
  }

  function note(): void {
    wake();
    if (shared === null || lastMs - pulsedMs < PULSE_MS) return;
    pulsedMs = lastMs;
    // Whoever misses it looks a minute later.
    pulsing = shared.set(PULSE_KEY, true).catch(() => pulsedMs = -Infinity);
  }

  function isQuiet(everyMs: number): boolean {
    return (elapsedMs() - lastMs) * REST_SHARE > everyMs;
  }

  /** How long to rest now. */
  async function lengthMs(everyMs: number, untilNext?: UntilNext): Promise<number> {
    if (untilNext === undefined) {
      return Math.max(everyMs, Math.min(REST_MAX_MS, (elapsedMs() - lastMs) * REST_SHARE));
    }
    if (elapsedMs() - lastMs < SETTLE_MS) return everyMs;
    const nextMs = await untilNext().catch(() => everyMs);
    // What is due and is still there is tried again as often as ever.
    const isLate = nextMs <= 0 || elapsedMs() - lastMs < SETTLE_MS;
    return isLate ? everyMs : Math.min(nextMs, REST_MAX_MS);
  }

  async function rest(everyMs: number, signal: AbortSignal, untilNext?: UntilNext): Promise<void> {
    const startedMs = elapsedMs();
    const hurried = new AbortController();
    const one = { hurry: () => hurried.abort() };
    resting.add(one);
    const ms = await lengthMs(everyMs, untilNext);
    await sleep(ms, signal, hurried.signal);
    resting.delete(one);
    if (hurried.signal.aborted) await sleep(startedMs + everyMs - elapsedMs(), signal);
  }

  const pulse = shared === null ? null : followPulse(shared, {
    onPulse: wake,
    isActive: () => elapsedMs() - lastMs < PULSE_MS,
  });
  return {
    note,
    wake,
    rest,
    isQuiet,
    async [Symbol.asyncDispose]() {
      await within(Promise.all([pulse?.stop(), pulsing]), STOP_MS);
    },
  };
}

/** The version of the pulse: another one later if a process has written meanwhile; null without one. */
export async function pulseVersion(kv: Pick<Deno.Kv, "get">): Promise<string | null> {
  return (await kv.get(PULSE_KEY)).versionstamp;
}

/** Calls `onPulse` whenever a process has written the pulse. While this one is active, it may not. */
function followPulse(
  kv: Pick<Deno.Kv, "get" | "watch">,
  { onPulse, isActive }: { onPulse: () => void; isActive: () => boolean },
): { stop(): Promise<void> } {
  const controller = new AbortController();
  const { signal } = controller;
  let seen: string | null | undefined;
  let looking: Promise<void> = Promise.resolve();

  function see({ versionstamp }: Deno.KvEntryMaybe<unknown>): void {
    if (seen !== undefined && versionstamp !== seen) onPulse();
    seen = versionstamp;
  }

  async function watch(): Promise<void> {
    while (!signal.aborted) {
      await watchOnce().catch(() => {/* The database is away: tried again. */});
      await sleep(PULSE_MS, signal);
    }
  }

  async function watchOnce(): Promise<void> {
    const reader = kv.watch([PULSE_KEY]).getReader();
    const onStop = () => void reader.cancel().catch(() => {});
    signal.addEventListener("abort", onStop);
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        see(next.value[0]);
      }
    } finally {
      signal.removeEventListener("abort", onStop);
    }
  }

  async function look(): Promise<void> {
    while (!signal.aborted) {
      await sleep(PULSE_MS, signal);
      if (signal.aborted || isActive()) continue;
      const answered = new AbortController();
      looking = kv.get(PULSE_KEY).then(see, () => {}).then(() => answered.abort());
      // A read whose connection broke may never be answered.
      await sleep(LOOK_MAX_MS, signal, answered.signal);
    }
  }

  const loops = [watch(), look()];
  return {
    async stop() {
      controller.abort();
      await Promise.all([...loops, looking]);
    },
  };
}

/** A database whose commits are reported. */
export function withCommitsNoted(kv: Deno.Kv, note: () => void): Deno.Kv {
  const noted = <T>(result: T): T => {
    note();
    return result;
  };
  return wrapKv(kv, {
    set: (key, value, options) => kv.set(key, value, options).then(noted),
    delete: (key) => kv.delete(key).then(noted),
    ...withAtomicNoted(kv, note),
  });
}

/** The same for operations alone. */
export function withAtomicNoted(
  kv: Pick<Deno.Kv, "atomic">,
  note: () => void,
): Pick<Deno.Kv, "atomic"> {
  async function noted(commit: Commit): ReturnType<Commit> {
    const result = await commit();
    if (result.ok) note();
    return result;
  }

  return { atomic: () => wrapCommit(kv.atomic(), noted) };
}

/** Something that is done again and again. */
export interface Repeated {
  /**
   * Does it no more. Settles when it is not being done, at the latest after a second: a database that is
   * away does not let it end.
   */
  stop(): Promise<void>;
}

/** Does something again and again: at first after `everyMs`, and not while nobody writes. */
export function repeat(
  step: () => Promise<void>,
  { everyMs, activity, onFault }: {
    everyMs: number;
    activity: Activity;
    onFault: (error: unknown) => void;
  },
): Repeated {
  const controller = new AbortController();
  const { signal } = controller;
  let hasFailed = false;
  const loop = (async () => {
    for (;;) {
      await activity.rest(everyMs, signal, () => Promise.resolve(hasFailed ? everyMs : Infinity));
      if (signal.aborted) return;
      hasFailed = false;
      await step().catch((error) => {
        hasFailed = true;
        onFault(error);
      });
    }
  })();
  return {
    async stop() {
      controller.abort();
      await within(loop, STOP_MS);
    },
  };
}

/** Waits for a promise, at most for `ms`. */
async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  const settled = new AbortController();
  await Promise.race([promise, sleep(ms, settled.signal)]).finally(() => settled.abort());
}

/** Waits until one of the signals aborts, at most for `ms`. */
function sleep(ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    if (signals.some(({ aborted }) => aborted) || ms <= 0) return resolve();
    const timer = setTimeout(end, ms);
    // Not AbortSignal.any(): Deno up to 2.7 keeps a reference to each signal made of a lasting one.
    for (const signal of signals) signal.addEventListener("abort", end);
    function end(): void {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", end);
      resolve();
    }
  });
}
