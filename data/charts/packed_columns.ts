/**
 * Columns of numbers as one small binary body, for charts and programs that read much at once.
 *
 * | bytes | content |
 * |---|---|
 * | 0–3 | `OWC1` |
 * | 4–7 | length of the head, u32 |
 * | 8– | the head: JSON in UTF-8, padded with spaces to a multiple of 8 |
 * | then | the columns, each padded to a multiple of 8; `offset` counts from here |
 *
 * All numbers are little-endian. The head lists the columns. A number of the type `u8`, `u16` or `u32`
 * stands for the value `(base + number) / divisor`; the largest number of the type stands for a missing
 * value. In a column of the type `f64`, NaN is missing. The type `grid` has no bytes: its values are
 * `base`, `base + step` and so on.
 *
 * @module
 */

import { FLOAT, powerOfTen, toFloats } from "../readings/decimal.ts";
import type { Column } from "../readings/page.ts";

/** The media type. */
export const PACKED_TYPE = "application/vnd.openwatts.columns";

/** How the numbers of a column are stored. */
export type PackedKind = "grid" | "u8" | "u16" | "u32" | "f64";

/** A column as the head describes it. */
export interface PackedColumnHead {
  /** Its name. */
  readonly name: string;
  /** The unit of its values; null if they have none. */
  readonly unit: string | null;
  /** How its numbers are stored. */
  readonly type: PackedKind;
  /** Where its numbers begin, in bytes after the head. */
  readonly offset: number;
  /** How many numbers it has. */
  readonly length: number;
  /** What is added to each number; of a grid, the first value. */
  readonly base: number;
  /** What the sum is divided by. */
  readonly divisor: number;
  /** The distance between the values of a grid; 0 in other columns. */
  readonly step: number;
}

/** A column to pack: mantissas at a scale, or doubles. NaN is missing. */
export interface NamedColumn extends Column {
  /** Its name. */
  readonly name: string;
  /** The unit of its values; null if they have none. */
  readonly unit: string | null;
  /** What mantissas are divided by, instead of the power of ten of the scale. */
  readonly divisor?: number;
}

/** The numbers of a column, and how they are stored. */
interface Packed {
  readonly type: PackedKind;
  readonly base: number;
  readonly divisor: number;
  readonly step: number;
  readonly bytes: Uint8Array;
}

/** How many numbers each type has, without the one for a missing value. */
const ROOM = { u8: 0xff, u16: 0xffff, u32: 0xffff_ffff } as const;
const MAGIC = "OWC1";
const HEAD_AT = 8;

/** Packs columns, with the members of `head` in front of them. */
export function packColumns(
  head: Readonly<Record<string, unknown>>,
  columns: readonly NamedColumn[],
): Uint8Array<ArrayBuffer> {
  const packed = columns.map(packColumn);
  let offset = 0;
  const heads = packed.map(({ bytes, ...how }, index): PackedColumnHead => {
    const { name, unit, values } = columns[index];
    const at = offset;
    offset += padded(bytes.length);
    return { name, unit, ...how, offset: at, length: values.length };
  });
  const text = new TextEncoder().encode(JSON.stringify({ ...head, columns: heads }));
  const start = padded(HEAD_AT + text.length);
  const body = new Uint8Array(start + offset);
  body.set(new TextEncoder().encode(MAGIC));
  new DataView(body.buffer).setUint32(4, start - HEAD_AT, true);
  body.fill(0x20, HEAD_AT, start);
  body.set(text, HEAD_AT);
  packed.forEach(({ bytes }, index) => body.set(bytes, start + heads[index].offset));
  return body;
}

function packColumn({ scale, values, divisor = scaleDivisor(scale) }: NamedColumn): Packed {
  const { isWhole, low, high } = rangeOf(values);
  const range = low > high ? 0 : high - low;
  if (values.length > 2 && isWhole) {
    const step = gridStep(values);
    if (step !== null) {
      return { type: "grid", base: values[0], divisor, step, bytes: new Uint8Array(0) };
    }
  }
  // Offsets of times in whole seconds or minutes need fewer bytes; so do rounded values.
  const type = !isWhole ? "f64" : range < ROOM.u8 ? "u8" : range < ROOM.u16 ? "u16" : "u32";
  if (type === "f64" || range >= ROOM.u32) {
    const doubles = divisor === 1 ? values : values.map((value) => value / divisor);
    return {
      type: "f64",
      base: 0,
      divisor: 1,
      step: 0,
      bytes: bytesOf(Float64Array.from(doubles)),
    };
  }
  const base = low > high ? 0 : low;
  return { type, base, divisor, step: 0, bytes: bytesOf(offsetsOf(type, values, base)) };
}

function scaleDivisor(scale: number): number {
  return scale === FLOAT ? 1 : powerOfTen(scale);
}

function offsetsOf(
  type: "u8" | "u16" | "u32",
  values: Float64Array,
  base: number,
): Uint8Array | Uint16Array | Uint32Array {
  const Numbers = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array }[type];
  const numbers = new Numbers(values.length);
  const missing = ROOM[type];
  for (let i = 0; i < values.length; i++) {
    numbers[i] = values[i] === values[i] ? values[i] - base : missing;
  }
  return numbers;
}

function rangeOf(values: Float64Array): { isWhole: boolean; low: number; high: number } {
  let low = Infinity, high = -Infinity, isWhole = true;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value !== value) continue;
    if (value < low) low = value;
    if (value > high) high = value;
    if (value !== Math.floor(value)) isWhole = false;
  }
  isWhole &&= low > high || (Number.isSafeInteger(low) && Number.isSafeInteger(high));
  return { isWhole, low, high };
}

/** The distance of values that all are equally far apart; null if they are not. */
function gridStep(values: Float64Array): number | null {
  const step = values[1] - values[0];
  if (!(step > 0)) return null;
  for (let i = 2; i < values.length; i++) if (values[i] - values[i - 1] !== step) return null;
  return step;
}

/** The bytes of numbers, little-endian as on every machine that runs this. */
function bytesOf(numbers: Uint8Array | Uint16Array | Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

function padded(size: number): number {
  return size + 7 & ~7;
}

/** The values of a column as JSON shows them: numbers, and null where one is missing. */
export function jsonValues({ scale, values, divisor }: NamedColumn): (number | null)[] {
  const numbers = divisor === undefined ? toFloats(values, scale) : values.map((n) => n / divisor);
  return Array.from(numbers, (value) => value === value ? value : null);
}
