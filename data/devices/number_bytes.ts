/**
 * Reading numbers of JSON from bytes, those that a double holds exactly as a fraction of whole numbers.
 *
 * @module
 */

const ZERO = 48, NINE = 57, MINUS = 45, POINT = 46, UPPER_E = 69, LOWER_E = 101;
/** With so many digits, the number without its point is exact. */
const MOST_DIGITS = 15;
/** Powers of ten, which are exact. The quotient of two exact numbers is the double next to the decimal. */
const POWERS: readonly number[] = Array.from({ length: MOST_DIGITS + 1 }, (_, n) => 10 ** n);

/** Reads numbers. */
export interface NumberBytes {
  /** The number that begins at `start`; NaN if there is none, or it has an exponent or many digits. */
  read(bytes: Uint8Array, start: number): number;
  /** Where the number that was read last ends. */
  end(): number;
}

/** Creates a reader. */
export function createNumberBytes(): NumberBytes {
  let at = 0;

  /** Reads digits after others. */
  function digits(bytes: Uint8Array, before: number): number {
    let value = before;
    for (let byte = bytes[at]; byte >= ZERO && byte <= NINE; byte = bytes[++at]) {
      value = value * 10 + (byte - ZERO);
    }
    return value;
  }

  return {
    read(bytes, start) {
      at = start;
      const isNegative = bytes[at] === MINUS;
      if (isNegative) at++;
      const first = at;
      let value = digits(bytes, 0);
      let count = at - first, decimals = 0;
      if (count === 0 || (count > 1 && bytes[first] === ZERO)) return NaN;
      if (bytes[at] === POINT) {
        const point = at++;
        value = digits(bytes, value);
        decimals = at - point - 1;
        if (decimals === 0) return NaN;
        count += decimals;
      }
      if (count > MOST_DIGITS || bytes[at] === UPPER_E || bytes[at] === LOWER_E) return NaN;
      const size = decimals === 0 ? value : value / POWERS[decimals];
      // Zero has no sign here.
      return isNegative && size !== 0 ? -size : size;
    },
    end: () => at,
  };
}
