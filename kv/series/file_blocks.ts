/**
 * Reading the latest blocks of many series from a database file in one statement.
 *
 * A list of each series costs a transaction, and an object for each block. One statement for many series costs
 * a quarter of that: it gives one value for each series, in which its blocks follow each other. It also shows
 * heads and blocks at one moment, so heads need not be read again.
 *
 * @module
 */

import type { ProfileName } from "../../data/readings/profile.ts";
import type { DatabaseFile } from "../database_file.ts";
import { encodeKey, VALUE_BYTES, versionstampOf } from "../entry_encoding.ts";
import { blockKey, type StoredBlock } from "./blocks.ts";
import { headKey } from "./heads.ts";

/** Blocks of a series and the version of its head, at one moment. */
export interface BlocksOfMoment {
  /** The version. */
  readonly versionstamp: string;
  /** The blocks, the latest first. */
  readonly blocks: readonly StoredBlock[];
}

/** What is read of each series: blocks that start before `toMs`, the latest ones, at most `limit`. */
export interface LatestBlocks {
  /** Epoch milliseconds. */
  readonly toMs: number;
  /** How many. */
  readonly limit: number;
}

/**
 * For each series the bytes of its blocks, each after its start, its encoding and its length. A series without
 * a head has no row. Keys are put together of what is before the id, the id, and what is after it. Deno 2.5
 * knows no numbered parameters.
 */
const STATEMENT = `
  SELECT ids.value AS id, head.version AS version, (
    SELECT CAST(group_concat(start || printf('%d%08x', v_encoding, length(v)) || v, '') AS BLOB)
    FROM (
      SELECT substr(k, -8) AS start, v, v_encoding FROM kv
      WHERE k >= CAST(? || ids.value || x'00' AS BLOB) AND k < CAST(? || ids.value || ? AS BLOB)
      ORDER BY k DESC LIMIT ?
    )
  ) AS blocks
  FROM json_each(?) AS ids
  CROSS JOIN kv AS head ON head.k = CAST(? || ids.value || x'00' AS BLOB)`;

/** A row of the statement. */
interface Row {
  readonly id: string;
  readonly version: number;
  readonly blocks: Uint8Array<ArrayBuffer> | null;
}

/** Before the bytes of a block: its start, a digit for the encoding, and eight for the length. */
const START_BYTES = 8, HEADER_BYTES = 17;
/** Bytes of a key before and after the text of its last part. */
const TEXT_START = 1, TEXT_END = 1;

/**
 * The blocks of these series, by id. One that has no head, or whose blocks cannot be told apart, is missing:
 * it has to be read by itself.
 */
export function readBlocksOfMany(
  file: Pick<DatabaseFile, "query">,
  profile: ProfileName,
  ids: readonly string[],
  { toMs, limit }: LatestBlocks,
): Map<string, BlocksOfMoment> {
  const heads = encodeKey(headKey({ profile, id: "" }));
  const before = encodeKey(blockKey({ profile, id: "" }, toMs));
  const idAt = before.length - START_BYTES - TEXT_START - TEXT_END;
  const rows = file.query(STATEMENT, [
    before.slice(0, idAt),
    before.slice(0, idAt),
    before.slice(idAt),
    limit,
    // A zero in an id would be escaped in its key.
    JSON.stringify(ids.filter((id) => !id.includes("\0"))),
    heads.slice(0, heads.length - TEXT_END),
  ]) as unknown as Row[];
  const found = new Map<string, BlocksOfMoment>();
  for (const { id, version, blocks: bytes } of rows) {
    const blocks = bytes === null ? [] : splitBlocks(bytes);
    if (blocks !== null) found.set(id, { versionstamp: versionstampOf(version), blocks });
  }
  return found;
}

/** The blocks of a value; null if it is not as it should be. */
function splitBlocks(bytes: Uint8Array<ArrayBuffer>): StoredBlock[] | null {
  const blocks: StoredBlock[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let lastMs = Infinity;
  for (let at = 0; at < bytes.length;) {
    const end = at + HEADER_BYTES;
    if (end > bytes.length || bytes[at + START_BYTES] !== ZERO + VALUE_BYTES) return null;
    // Starts are positive, so only their sign differs from how they are encoded.
    view.setUint8(at, view.getUint8(at) ^ 0x80);
    const startMs = view.getFloat64(at);
    const length = hexAt(bytes, at + START_BYTES + 1);
    if (!(startMs >= 0 && startMs < lastMs) || end + length > bytes.length) return null;
    blocks.push({ startMs, bytes: bytes.subarray(end, end + length) });
    lastMs = startMs;
    at = end + length;
  }
  return blocks;
}

const ZERO = 0x30, LETTER_A = 0x61;

/** The number of the eight hexadecimal digits at an index. */
function hexAt(bytes: Uint8Array, start: number): number {
  let number = 0;
  for (let at = start; at < start + 8; at++) {
    const digit = bytes[at] < LETTER_A ? bytes[at] - ZERO : bytes[at] - LETTER_A + 10;
    number = 16 * number + digit;
  }
  return number;
}
