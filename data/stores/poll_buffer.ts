/**
 * Collects polls of many stores in the order of the upload, and returns them by store.
 *
 * @module
 */

import { createIdIndex } from "./id_index.ts";
import type { Page } from "../readings/page.ts";
import { sortPage } from "../readings/page_merge.ts";

const FIRST_ROOM = 4_096;
/** The buffer is full at this many polls (about 25 MB) or stores (about 10 MB). */
const MAX_POLLS = 1 << 21;
const MAX_STORES = 1 << 16;

/** Collects polls. */
export interface PollBuffer {
  /** Reads the store's id that begins at `start`. Returns where it ends, or -1 if it is not accepted. */
  scanStore(bytes: Uint8Array, start: number): number;
  /** Adds a poll of the store scanned last. */
  add(timeMs: number, isActive: boolean): void;
  /** Adds a poll of a store by its id, which must be one that is accepted. */
  addOf(id: string, timeMs: number, isActive: boolean): void;
  /** Whether you should take the polls before you add the next chunk of an upload. */
  isFull(): boolean;
  /** Returns the polls so far, and empties the buffer. */
  take(): PollsByStore;
}

/** Polls by store. */
export interface PollsByStore {
  /** The ids of the stores, in order. */
  readonly ids: readonly string[];
  /** The number of polls. */
  readonly count: number;
  /** The polls of a store by time. If a time occurs twice, the last poll wins. */
  pageOf(index: number): Page;
  /** Frees the memory of the polls. */
  release(): void;
}

/** Creates an empty buffer for stores whose ids pass a test; by default for all stores. */
export function createPollBuffer(accepts?: (id: string) => boolean): PollBuffer {
  const index = createIdIndex(accepts);
  let room = FIRST_ROOM;
  let stores = new Uint32Array(room);
  let polls = new Float64Array(room);
  let length = 0;

  /** Moves the memory, so that nothing of it waits for the garbage collector. */
  function resize(to: number): void {
    room = to;
    stores = new Uint32Array(stores.buffer.transfer(stores.BYTES_PER_ELEMENT * room));
    polls = new Float64Array(polls.buffer.transfer(polls.BYTES_PER_ELEMENT * room));
  }

  function add(store: number, timeMs: number, isActive: boolean): void {
    if (length === room) resize(2 * room);
    stores[length] = store;
    polls[length++] = packed(timeMs, isActive);
  }

  return {
    scanStore: index.scan,
    add: (timeMs, isActive) => add(index.scannedNumber(), timeMs, isActive),
    addOf: (id, timeMs, isActive) => add(index.numberOf(id), timeMs, isActive),
    isFull: () => length >= MAX_POLLS || index.size() >= MAX_STORES,
    take() {
      const ids = index.take();
      const taken = byStore(ids, stores.subarray(0, length), polls.subarray(0, length));
      length = 0;
      // The next polls come while these are stored, or never.
      resize(FIRST_ROOM);
      return taken;
    },
  };
}

/** A poll as one number that sorts by time. Times stay below 2^48, so the number is exact. */
function packed(timeMs: number, isActive: boolean): number {
  return timeMs * 2 + (isActive ? 1 : 0);
}

/** Groups the polls by store, in the order of the upload. */
function byStore(
  ids: readonly string[],
  stores: Uint32Array,
  polls: Float64Array,
): PollsByStore {
  const starts = new Uint32Array(ids.length + 1);
  for (let i = 0; i < stores.length; i++) starts[stores[i] + 1]++;
  for (let store = 0; store < ids.length; store++) starts[store + 1] += starts[store];
  const next = starts.slice();
  const parted = new Float64Array(polls.length);
  for (let i = 0; i < stores.length; i++) parted[next[stores[i]]++] = polls[i];
  const order = ids.map((_, store) => store).sort((a, b) => ids[a] < ids[b] ? -1 : 1);
  return {
    ids: order.map((store) => ids[store]),
    count: polls.length,
    pageOf: (index) => pollsPage(parted.subarray(starts[order[index]], starts[order[index] + 1])),
    release: () => void parted.buffer.transfer(0),
  };
}

/** The polls of one store as a page in ascending order of time. */
function pollsPage(polls: Float64Array): Page {
  let isAscending = true;
  for (let i = 1; i < polls.length && isAscending; i++) {
    isAscending = timeOf(polls[i - 1]) < timeOf(polls[i]);
  }
  if (isAscending) return unpacked(polls);
  const sorted = unpacked(polls.slice().sort());
  const { timesMs } = sorted;
  for (let i = 1; i < timesMs.length; i++) {
    // Only the polls in their original order show which one came last.
    if (timesMs[i - 1] === timesMs[i]) return sortPage(unpacked(polls));
  }
  return sorted;
}

function unpacked(polls: Float64Array): Page {
  const timesMs = new Float64Array(polls.length), values = new Float64Array(polls.length);
  for (let i = 0; i < polls.length; i++) {
    timesMs[i] = timeOf(polls[i]);
    values[i] = polls[i] - 2 * timesMs[i];
  }
  return { timesMs, columns: [{ scale: 0, values }] };
}

function timeOf(poll: number): number {
  return Math.floor(poll / 2);
}
