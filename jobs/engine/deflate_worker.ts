/**
 * The thread that compresses: it answers each block with its compressed bytes, in order.
 *
 * @module
 */

import { deflateBlock, type PlainBlock } from "../../data/encoders/deflate.ts";

/** What a thread has that no window has. */
interface Thread {
  onmessage: ((event: MessageEvent<PlainBlock>) => void) | null;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

// The types know only windows; this file runs in a worker.
const thread = self as unknown as Thread;

thread.onmessage = ({ data }) => {
  const bytes = deflateBlock(data);
  // A copy if the memory is shared with other results, because all of it moves.
  const own = bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
  thread.postMessage(own, [own.buffer]);
};
