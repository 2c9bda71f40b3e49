/**
 * Arithmetic on decimals that is exact as long as the result has 15 digits or fewer.
 *
 * @module
 */

import { decimalText, FLOAT, MAX_SCALE, powerOfTen } from "../readings/decimal.ts";
import { type Decimal, parseDecimal } from "./decimal_fields.ts";

/** A decimal as a whole number and the power of ten that divides it. */
interface BigDecimal {
  readonly digits: bigint;
  readonly scale: number;
}

/** One decimal minus another; both are mantissas at the same scale, or doubles at `FLOAT`. */
export function difference(one: number, other: number, scale: number): Decimal {
  const plain = one - other;
  if (scale !== FLOAT && Number.isSafeInteger(plain)) return { value: plain, scale };
  const a = bigOf(one, scale), b = bigOf(other, scale);
  const common = Math.max(a.scale, b.scale);
  const digits = a.digits * 10n ** BigInt(common - a.scale) -
    b.digits * 10n ** BigInt(common - b.scale);
  return decimalOf(digits, common);
}

/**
 * A decimal times a fraction of two whole numbers. If the product is no finite decimal, or one of more
 * than 15 digits, it is rounded half up to so many decimals.
 */
export function product(
  { value, scale }: Readonly<Decimal>,
  { over, under }: { over: number; under: number },
  decimals: number,
): Decimal {
  const exponent = finiteExponent(over, under);
  const rounded = exponent === null
    ? roundedProduct({ value, scale }, { over, under }, decimals)
    : null;
  if (rounded !== null) return rounded;
  if (exponent !== null) {
    const factor = over * powerOfTen(exponent) / under;
    const mantissa = value * factor;
    if (scale !== FLOAT && Number.isSafeInteger(mantissa) && scale + exponent <= MAX_SCALE) {
      return shortened(mantissa, scale + exponent);
    }
  }
  const big = bigOf(value, scale);
  const dividend = big.digits * BigInt(over);
  const divisor = BigInt(under) * 10n ** BigInt(big.scale);
  const doubled = 2n * dividend * 10n ** BigInt(decimals) + divisor;
  return decimalOf(floorDivided(doubled, 2n * divisor), decimals);
}

/** The rounded product, if doubles hold what it is computed from exactly; else null. */
function roundedProduct(
  { value, scale }: Readonly<Decimal>,
  { over, under }: { over: number; under: number },
  decimals: number,
): Decimal | null {
  if (scale === FLOAT || scale > decimals) return null;
  const factor = divisorOf(over, under);
  const dividend = value * (over / factor) * powerOfTen(decimals - scale);
  const divisor = under / factor;
  const doubled = 2 * dividend + divisor;
  if (!Number.isSafeInteger(doubled)) return null;
  return shortened(Math.floor(doubled / (2 * divisor)), decimals);
}

/** The greatest common divisor. */
function divisorOf(one: number, other: number): number {
  return other === 0 ? one : divisorOf(other, one % other);
}

/** The least power of ten by which a fraction becomes whole; null if none up to 9 does. */
function finiteExponent(over: number, under: number): number | null {
  for (let exponent = 0; exponent <= 9; exponent++) {
    const dividend = over * powerOfTen(exponent);
    if (!Number.isSafeInteger(dividend)) return null;
    if (dividend % under === 0) return exponent;
  }
  return null;
}

/** A mantissa without the zeros at its end that its scale has room for. */
function shortened(mantissa: number, scale: number): Decimal {
  while (scale > 0 && mantissa % 10 === 0) {
    mantissa /= 10;
    scale--;
  }
  return { value: mantissa + 0, scale };
}

function bigOf(value: number, scale: number): BigDecimal {
  const [whole, fraction = ""] = decimalText(value, scale).split(".");
  return { digits: BigInt(whole + fraction), scale: fraction.length };
}

function decimalOf(digits: bigint, scale: number): Decimal {
  // Reading the text rounds once if the digits are too many.
  const text = `${digits}e-${scale}`;
  return parseDecimal(text) ?? { value: Number(text), scale: FLOAT };
}

function floorDivided(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}
