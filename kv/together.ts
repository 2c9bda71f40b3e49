/**
 * Doing what several callers ask for at the same time together.
 *
 * @module
 */

import { outsideRequests } from "../data/request_context.ts";

/** What comes of each item, in their order. */
export type Settled<Result> = readonly PromiseSettledResult<Result>[];

/**
 * Collects what callers ask for until the code that runs now has ended, then does it together. While
 * `most` such groups are being done, the next one waits and grows.
 */
export function createTogether<Item, Result>(
  run: (items: readonly Item[]) => Promise<Settled<Result>>,
  most = Infinity,
): (item: Item) => Promise<Result> {
  type Asked = PromiseWithResolvers<Result> & { readonly item: Item };
  let waiting: Asked[] = [];
  let isStarting = false, running = 0;

  async function start(): Promise<void> {
    isStarting = true;
    // Also the code that an earlier item has woken, which asks for the next step of each.
    for (let turn = 0; turn < 3; turn++) await null;
    isStarting = false;
    const asked = waiting;
    waiting = [];
    running++;
    try {
      const results = await run(asked.map(({ item }) => item));
      results.forEach((result, index) => {
        if (result.status === "fulfilled") asked[index].resolve(result.value);
        else asked[index].reject(result.reason);
      });
    } catch (error) {
      for (const { reject } of asked) reject(error);
    } finally {
      running--;
      if (waiting.length > 0 && !isStarting) start();
    }
  }

  return (item) => {
    const asked = { ...Promise.withResolvers<Result>(), item };
    waiting.push(asked);
    if (!isStarting && running < most) outsideRequests(start);
    return asked.promise;
  };
}

/** The result of each item, which may throw for it alone. */
export function settleEach<Item, Result>(
  items: readonly Item[],
  resultOf: (item: Item, index: number) => Result,
): PromiseSettledResult<Result>[] {
  return items.map((item, index) => {
    try {
      return { status: "fulfilled", value: resultOf(item, index) };
    } catch (reason) {
      return { status: "rejected", reason };
    }
  });
}
