/**
 * Writing whole numbers as digits, four at once, which is many times as fast as making a text of them.
 *
 * @module
 */

/** Digits that are written at once, and what they count to. */
const GROUP_DIGITS = 4, GROUP = 10_000;
const ZERO = 48;
/** `0000` to `9999` as the bytes of little-endian integers. */
const GROUP_TEXTS = makeGroupTexts();

/** Digits that {@link writeEightDigits} writes. */
export const EIGHT_DIGITS = 2 * GROUP_DIGITS;
/** What they count to. */
export const EIGHT_DIGITS_END = GROUP * GROUP;

/** Writes a whole number without zeros before it; returns where it ends. */
export function writeWhole(view: DataView, firstAt: number, whole: number): number {
  if (whole < GROUP) {
    const length = whole < 10 ? 1 : whole < 100 ? 2 : whole < 1000 ? 3 : GROUP_DIGITS;
    view.setUint32(firstAt, GROUP_TEXTS[whole | 0] >>> 8 * (GROUP_DIGITS - length), true);
    return firstAt + length;
  }
  const high = Math.floor(whole / GROUP);
  const at = writeWhole(view, firstAt, high);
  view.setUint32(at, GROUP_TEXTS[(whole - high * GROUP) | 0], true);
  return at + GROUP_DIGITS;
}

/** Writes a whole number of at most eight digits as eight. */
export function writeEightDigits(view: DataView, at: number, whole: number): void {
  const high = (whole / GROUP) | 0;
  view.setUint32(at, GROUP_TEXTS[high], true);
  view.setUint32(at + GROUP_DIGITS, GROUP_TEXTS[whole - high * GROUP], true);
}

function makeGroupTexts(): Uint32Array {
  const texts = new Uint32Array(GROUP);
  const view = new DataView(texts.buffer);
  for (let number = 0; number < GROUP; number++) {
    for (let place = GROUP_DIGITS - 1, rest = number; place >= 0; place--) {
      const tenth = (rest / 10) | 0;
      view.setUint8(number * GROUP_DIGITS + place, ZERO + rest - tenth * 10);
      rest = tenth;
    }
  }
  return texts;
}
