/**
 * Names for profiles and metrics, made from the measurements and field keys of line protocol.
 *
 * A valid name stays as it is. Another one always becomes the same valid one. Names that differ only
 * in punctuation become one (`power l1` and `power/l1`); names that lose letters on the way stay apart
 * by a checksum.
 *
 * @module
 */

import { METRIC_NAME_PATTERN, METRIC_NAMES_RESERVED, PROFILE_NAME_PATTERN } from "../limits.ts";
import type { Aggregate } from "../readings/profile.ts";

/** The longest name, characters. */
const MAX_CHARS = 64;
const CHECKSUM_CHARS = 8;
/** Signs with a name of their own; NFKD has turned `℃` into `°C` and `µ` into `μ` before. */
const SIGNS: Readonly<Record<string, string>> = { "%": "percent", "°": "deg", "μ": "u" };
/** Built-in profiles that no device has. */
const NOT_OF_DEVICES = ["meter", "site"];

/** Units of metrics, in UCUM notation, by the last part of their names. */
const UNITS: ReadonlyMap<string, string> = new Map([
  ["kwh", "kWh"],
  ["wh", "Wh"],
  ["mwh", "MWh"],
  ["kw", "kW"],
  ["mv", "mV"],
  ["kv", "kV"],
  ["ma", "mA"],
  ["hz", "Hz"],
  ["va", "VA"],
  ["kva", "kVA"],
  ["percent", "%"],
  ["pct", "%"],
  ["degc", "Cel"],
  ["celsius", "Cel"],
]);

/** Units of one letter, each with the quantity that the name must have: `voltage_c` is of phase C. */
const SHORT_UNITS: ReadonlyMap<string, { readonly unit: string; readonly of: string }> = new Map([
  ["w", { unit: "W", of: "power" }],
  ["v", { unit: "V", of: "volt" }],
  ["a", { unit: "A", of: "current" }],
  ["c", { unit: "Cel", of: "temp" }],
]);

/**
 * The name of a profile for a measurement: a small letter, then `a-z 0-9 _`, at most 64 characters.
 *
 * Letters lose their accents and become small, `%` becomes `percent`, `°` becomes `deg`, and any other
 * run of characters becomes one `_`. A digit at the beginning gets `n_` before it. If letters or
 * digits of another script are lost, or the name is too long, a checksum of the whole is added.
 * `meter` and `site` become `meter_device` and `site_device`, as no device can have these profiles.
 */
export function profileNameOf(measurement: string): string {
  const name = PROFILE_NAME_PATTERN.test(measurement)
    ? measurement
    : validName(measurement, (text) => text.toLowerCase());
  return NOT_OF_DEVICES.includes(name) ? `${name}_device` : name;
}

/**
 * The name of a metric for a field key: the same, but letters keep their case. Names that files of
 * readings need for other columns get `_value` behind them.
 */
export function metricNameOf(fieldKey: string): string {
  const name = METRIC_NAME_PATTERN.test(fieldKey) ? fieldKey : validName(fieldKey, (text) => text);
  return METRIC_NAMES_RESERVED.includes(name.toLowerCase()) ? `${name}_value` : name;
}

function validName(given: string, inCase: (text: string) => string): string {
  const plain = inCase(
    given.normalize("NFKD").replace(/\p{M}/gu, "")
      .replace(/[%°μ]/g, (sign) => `_${SIGNS[sign]}_`),
  );
  const isLossy = /[^A-Za-z0-9\P{L}]|[^0-9\P{N}]/u.test(plain);
  const words = plain.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  const begun = /^[A-Za-z]/.test(words) ? words : words === "" ? "n" : `n_${words}`;
  if (words !== "" && !isLossy && begun.length <= MAX_CHARS) return begun;
  const kept = begun.slice(0, MAX_CHARS - CHECKSUM_CHARS - 1).replace(/_+$/, "");
  return `${kept}_${checksum(given)}`;
}

/** How a metric aggregates: energy of intervals adds up, a counter counts by its last value. */
export function aggregateOf(metricName: string): Aggregate {
  const name = metricName.toLowerCase();
  if (name.endsWith("_kwh")) return "sum";
  return name.endsWith("_total") ? "last" : "mean";
}

/** The unit that the end of a metric's name says, as in `power_w`; "1" if it says none. */
export function unitOf(metricName: string): string {
  const name = metricName.toLowerCase();
  const last = name.slice(name.lastIndexOf("_") + 1);
  if (last === name) return "1";
  const short = SHORT_UNITS.get(last);
  if (short !== undefined) return name.includes(short.of) ? short.unit : "1";
  return UNITS.get(last) ?? "1";
}

/** FNV-1a of the UTF-16 units, 32 bits, in hexadecimal. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(CHECKSUM_CHARS, "0");
}
