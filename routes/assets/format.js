/**
 * Numbers, sizes and times as people read them, in the formats of a locale. The server and the
 * browser use the same functions.
 *
 * @module
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** @type {readonly [Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [["day", DAY_MS], ["hour", HOUR_MS], ["minute", MINUTE_MS], ["second", SECOND_MS]];
/** @type {Readonly<Record<string, string>>} */
const INTERVAL_UNITS = {
  s: "second",
  m: "minute",
  h: "hour",
  d: "day",
  w: "week",
  mo: "month",
  y: "year",
};
const SIZE_UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"];

/**
 * How a page shows numbers and times.
 *
 * @typedef {object} FormatChoice
 * @property {string} locale The locale of the browser, such as `de-AT`.
 * @property {string} language The language of the texts, such as `de`.
 * @property {string} zone The time zone in which times are shown, an IANA name.
 */

/**
 * Functions that write numbers and times.
 *
 * @typedef {object} Formats
 * @property {(value: number, digits?: number) => string} number A number with at most so many decimals.
 * @property {(bytes: number) => string} size A size in the largest decimal unit that fits.
 * @property {(timeMs: number) => string} dateTime A date with minutes.
 * @property {(timeMs: number) => string} exactTime A date with seconds and the name of the zone.
 * @property {(timeMs: number) => string} date A date.
 * @property {(timeMs: number) => string} clock Hours and minutes.
 * @property {(spanMs: number) => string} span A length of time in its two largest units.
 * @property {(code: string) => string} interval A length of buckets, such as `15m` or `1mo`.
 * @property {(timeMs: number, nowMs: number) => string} ago How long ago, or in how long.
 */

/**
 * Makes the functions for a choice. They are made once, because making formats takes time.
 *
 * @param {FormatChoice} choice
 * @returns {Formats}
 */
export function createFormats({ locale, language, zone }) {
  /** @type {Intl.DateTimeFormatOptions} */
  const day = { year: "numeric", month: "2-digit", day: "2-digit", timeZone: zone };
  /** @type {Intl.DateTimeFormatOptions} */
  const minutes = { hour: "2-digit", minute: "2-digit", timeZone: zone };
  const date = new Intl.DateTimeFormat(locale, day);
  const clock = new Intl.DateTimeFormat(locale, minutes);
  const dateTime = new Intl.DateTimeFormat(locale, { ...day, ...minutes });
  const exact = new Intl.DateTimeFormat(locale, {
    ...day,
    ...minutes,
    second: "2-digit",
    timeZoneName: "short",
  });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "long" });
  /** @type {Map<number, Intl.NumberFormat>} */
  const numbers = new Map();
  /** @param {number} value @param {number} digits */
  const number = (value, digits = 2) => {
    let format = numbers.get(digits);
    if (format === undefined) {
      format = new Intl.NumberFormat(locale, { maximumFractionDigits: digits });
      numbers.set(digits, format);
    }
    return format.format(value);
  };
  return {
    number,
    size: (bytes) => sizeText(bytes, locale),
    dateTime: (timeMs) => dateTime.format(timeMs),
    exactTime: (timeMs) => exact.format(timeMs),
    date: (timeMs) => date.format(timeMs),
    clock: (timeMs) => clock.format(timeMs),
    span: (spanMs) => spanText(spanMs, language),
    interval: (code) => intervalText(code, language),
    ago(timeMs, nowMs) {
      const distanceMs = timeMs - nowMs;
      const [unit, lengthMs] = UNITS.find(([, unitMs]) => Math.abs(distanceMs) >= unitMs) ??
        ["second", SECOND_MS];
      return relative.format(Math.trunc(distanceMs / lengthMs), unit);
    },
  };
}

/**
 * @param {number} bytes
 * @param {string} locale
 */
function sizeText(bytes, locale) {
  let index = 0, size = bytes;
  while (size >= 1_000 && index < SIZE_UNITS.length - 1) {
    size /= 1_000;
    index++;
  }
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: SIZE_UNITS[index],
    unitDisplay: index === 0 ? "long" : "short",
    maximumFractionDigits: size < 10 && index > 0 ? 1 : 0,
  }).format(size);
}

/**
 * @param {number} spanMs
 * @param {string} language
 */
function spanText(spanMs, language) {
  const whole = Math.max(0, Math.round(spanMs / SECOND_MS)) * SECOND_MS;
  let rest = whole;
  const parts = UNITS.map(([unit, lengthMs]) => {
    const amount = Math.floor(rest / lengthMs);
    rest -= amount * lengthMs;
    return { unit, amount };
  });
  const first = parts.findIndex(({ amount }) => amount > 0);
  if (first === -1) return unitText(0, "second", language);
  return parts.slice(first, first + 2).filter(({ amount }) => amount > 0)
    .map(({ amount, unit }) => unitText(amount, unit, language)).join(" ");
}

/**
 * @param {string} code
 * @param {string} language
 */
function intervalText(code, language) {
  const [, amount, letters] = /^(\d+)([a-z]+)$/.exec(code) ?? [];
  const unit = INTERVAL_UNITS[letters ?? ""];
  // Short units of the calendar are hard to read in German: "1 Tg.".
  return unit === undefined ? code : unitText(Number(amount), unit, language, "long");
}

/**
 * @param {number} amount
 * @param {string} unit
 * @param {string} language
 * @param {"short" | "long"} [unitDisplay]
 */
function unitText(amount, unit, language, unitDisplay = "short") {
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay })
    .format(amount);
}
