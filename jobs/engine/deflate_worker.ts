/**
 * The thread that compresses: it answers each block with its compressed bytes, in order.
 *
 * @module
 */

import { deflateBlock } from "../../data/encoders/deflate.ts";

/** A block to compress. */
export interface PackRequest {
  /** The block, and perhaps more bytes. Its memory moves. */
  readonly carrier: Uint8Array<ArrayBuffer>;
  /** How many bytes the block has. */
  readonly plainBytes: number;
  /** Whether the stream ends with it. */
  readonly isLast: boolean;
}

/** The answer to a request. */
export interface PackedAnswer {
  /** The compressed block. */
  readonly packed: Uint8Array<ArrayBuffer>;
  /** The memory of the request, which may be used again. */
  readonly carrier: Uint8Array<ArrayBuffer>;
}

/** What a thread has that no window has. */
interface Thread {
  onmessage: ((event: MessageEvent<PackRequest>) => void) | null;
  postMessage(message: PackedAnswer, transfer: Transferable[]): void;
}

// The types know only windows; this file runs in a worker.
const thread = self as unknown as Thread;

thread.onmessage = ({ data: { carrier, plainBytes, isLast } }) => {
  const bytes = deflateBlock({ bytes: carrier.subarray(0, plainBytes), isLast });
  // A copy if the memory is shared with other results, because all of it moves.
  const packed = bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
  thread.postMessage({ packed, carrier }, [packed.buffer, carrier.buffer]);
};
