/**
 * What other instances do at a certain moment of an operation under test.
 *
 * @module
 */

import { assert } from "./assert.ts";
import type { Access } from "./strict_kv.ts";

/** A hook for `before`, and whether its moment came. */
export interface Moment {
  /** The hook. */
  readonly before: (access: Access) => Promise<void>;
  /** Whether the moment came. */
  hasCome(): boolean;
  /** Fails unless it came, as a test would prove nothing then. */
  assertCame(): void;
}

/** Something that happens once, before the `nth` access (the first unless told) of such a kind. */
export function onceBefore(
  { nth = 1, ...wanted }: Partial<Access> & { nth?: number },
  act: () => Promise<unknown>,
): Moment {
  let left = nth;
  return {
    async before(access) {
      const isSuch = (wanted.kind ?? access.kind) === access.kind &&
        (wanted.space ?? access.space) === access.space &&
        (wanted.batch ?? access.batch) === access.batch;
      if (isSuch && --left === 0) await act();
    },
    hasCome: () => left <= 0,
    assertCame: () => assert(left <= 0, "the moment never came"),
  };
}
