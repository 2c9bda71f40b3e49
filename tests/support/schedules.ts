/**
 * What other instances do at a chosen moment of the operation under test.
 *
 * @module
 */

import { assert } from "./assert.ts";
import type { Access } from "./strict_kv.ts";

/** A hook for `before`, and whether its moment has come. */
export interface Moment {
  /** The hook. */
  readonly before: (access: Access) => Promise<void>;
  /** Whether the moment has come. */
  hasCome(): boolean;
  /** Fails unless the moment has come: the test would prove nothing otherwise. */
  assertCame(): void;
}

/** Acts once, before the `nth` matching access (by default the first). */
export function onceBefore(
  { nth = 1, ...filter }: Partial<Access> & { nth?: number },
  act: () => Promise<unknown>,
): Moment {
  let left = nth;
  return {
    async before(access) {
      const isMatch = (filter.kind ?? access.kind) === access.kind &&
        (filter.space ?? access.space) === access.space &&
        (filter.batch ?? access.batch) === access.batch;
      if (isMatch && --left === 0) await act();
    },
    hasCome: () => left <= 0,
    assertCame: () => assert(left <= 0, "the moment never came"),
  };
}
