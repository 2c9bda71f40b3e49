import { followSignal } from "../../../data/files/follow_signal.ts";
import { assertEquals } from "../../support/assert.ts";

/** A signal that counts who listens to it. */
function countedSignal(): { controller: AbortController; listeners: () => number } {
  const controller = new AbortController();
  let count = 0;
  const { addEventListener: add, removeEventListener: remove } = controller.signal;
  Object.assign(controller.signal, {
    addEventListener(...args: Parameters<typeof add>) {
      count++;
      add.apply(controller.signal, args);
    },
    removeEventListener(...args: Parameters<typeof remove>) {
      count--;
      remove.apply(controller.signal, args);
    },
  });
  return { controller, listeners: () => count };
}

Deno.test("a follower aborts with the reason of the signal that it follows, or with its own", () => {
  const parent = new AbortController();
  using one = followSignal(parent.signal);
  using other = followSignal(parent.signal);
  other.abort("own");
  parent.abort("parent");
  using late = followSignal(parent.signal);
  const reasons = [one, other, late].map(({ signal }) => signal.reason);
  assertEquals(reasons, ["parent", "own", "parent"]);
});

Deno.test("a follower that is disposed of leaves nothing at the signal, and no longer follows it", () => {
  const { controller, listeners } = countedSignal();
  const follower = followSignal(controller.signal);
  assertEquals(listeners(), 1);
  follower[Symbol.dispose]();
  assertEquals(listeners(), 0);
  controller.abort();
  assertEquals(follower.signal.aborted, false);
});
