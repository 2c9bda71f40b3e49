/**
 * Reads packed columns (`data/charts/packed_columns.ts` describes them).
 *
 * @module
 */

/** The media type that asks for them. */
export const PACKED_TYPE = "application/vnd.openwatts.columns";

/**
 * @typedef {object} ColumnHead
 * @property {string} name
 * @property {string | null} unit
 * @property {"grid" | "u8" | "u16" | "u32" | "f64"} type
 * @property {number} offset
 * @property {number} length
 * @property {number} base
 * @property {number} divisor
 * @property {number} step
 */

/**
 * Columns by their names, and what the answer says about them. NaN is a missing value.
 *
 * @typedef {object} Packed
 * @property {any} head
 * @property {Map<string, Float64Array>} columns
 */

/**
 * Asks for packed columns.
 *
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @returns {Promise<Packed>}
 */
export async function fetchPacked(url, signal) {
  const response = await fetch(url, { headers: { accept: PACKED_TYPE }, signal });
  if (!response.ok) throw new Error(`${response.status} ${await detailOf(response)}`);
  return readPacked(await response.arrayBuffer());
}

/** @param {Response} response */
async function detailOf(response) {
  try {
    return (await response.json()).detail ?? "";
  } catch {
    return "";
  }
}

/**
 * Reads a body.
 *
 * @param {ArrayBuffer} body
 * @returns {Packed}
 */
export function readPacked(body) {
  const headLength = new DataView(body).getUint32(4, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 8, headLength)));
  /** @type {Map<string, Float64Array>} */
  const columns = new Map();
  for (const column of head.columns) {
    columns.set(column.name, valuesOf(column, body, 8 + headLength));
  }
  return { head, columns };
}

/**
 * @param {ColumnHead} column
 * @param {ArrayBuffer} body
 * @param {number} start
 */
function valuesOf({ type, offset, length, base, divisor, step }, body, start) {
  const values = new Float64Array(length);
  if (type === "grid") {
    for (let i = 0; i < length; i++) values[i] = (base + i * step) / divisor;
    return values;
  }
  if (type === "f64") {
    values.set(new Float64Array(body, start + offset, length));
    return values;
  }
  const Numbers = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array }[type];
  const numbers = new Numbers(body, start + offset, length);
  const missing = { u8: 0xff, u16: 0xffff, u32: 0xffff_ffff }[type];
  for (let i = 0; i < length; i++) {
    values[i] = numbers[i] === missing ? NaN : (base + numbers[i]) / divisor;
  }
  return values;
}
