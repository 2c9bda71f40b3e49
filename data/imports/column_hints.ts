/**
 * Suggestions for an upload whose header lacks the columns it needs: which of its columns may be the
 * times and the metrics, by words that such columns are often named with.
 *
 * @module
 */

import type { Profile } from "../readings/profile.ts";
import { foreignUnit, unitInName } from "./header_units.ts";

/** Columns of both date and clock, of a date, and of a clock. */
const TIMES = "timestamp zeitstempel zeitpunkt datetime horodat tijdstip tidspunkt messzeit utc ts";
const DATES = "date datum fecha data dato jour giorno day tag dia";
const CLOCKS = "time uhrzeit zeit heure hora ora tijd uhr clock";

/** Words for what a metric measures, by its unit. */
const METRICS: ReadonlyMap<string, string> = new Map([
  ["kWh", "energy energie energia consumption verbrauch verbruik consum conso kwh wh mwh"],
  ["kW", "power leistung puissance potenc potenz vermogen load last demand kw watt w mw"],
  ["V", "voltage spannung spanning tension volt v mv kv"],
  ["A", "current strom stroom courant corriente corrente intensity ampere amps amp ma ka"],
]);

/** Separators of columns, each as the query names it. */
const DELIMITERS: readonly [delimiter: string, name: string][] = [
  [";", ";"],
  ["\t", "tab"],
  ["|", "|"],
  [",", ","],
];

/** A word of at least so many letters may also be a part of a name. */
const PART_LETTERS = 4;
/** Most letters in which a suggested name may differ from the missing one. */
const CHANGES_MAX = 2;

/** The likely columns of times: one, or a date and a clock; none if no name looks like it. */
export function likelyTimeColumns(names: readonly string[]): string[] {
  const find = (words: string) => names.find((name) => isNamed(name, words));
  const both = find(TIMES) ?? closestName("timestamp", names);
  if (both !== null && both !== undefined) return [both];
  const date = find(DATES), clock = names.find((name) => name !== date && isNamed(name, CLOCKS));
  return [date, clock].filter((name) => name !== undefined);
}

/** Likely columns of metrics, written as for `map`: `Leistung:power_kw`, `P (W):power_kw:W`. */
export function likelyMappings(names: readonly string[], { metrics }: Profile): string[] {
  const used = new Set<string>();
  return metrics.flatMap(({ name: metric, unit }) => {
    const words = METRICS.get(unit) ?? metric;
    const free = names.filter((name) =>
      !used.has(name) && !/[,:]/.test(name) &&
      (foreignUnit(name) === null || unitInName(name, unit) !== null)
    );
    const column = free.find((name) => isNamed(name, words)) ?? closestName(metric, free);
    if (column === null) return [];
    used.add(column);
    const given = unitInName(column, unit) ?? unit;
    return [given === unit ? `${column}:${metric}` : `${column}:${metric}:${given}`];
  });
}

/**
 * The name that differs least from another one: in at most two letters, in fewer if it is short.
 * Null if there is none.
 */
export function closestName(missing: string, names: readonly string[]): string | null {
  const plain = plainName(missing);
  const changes = names.map((name) => changesBetween(plain, plainName(name)));
  const least = Math.min(...changes);
  const most = Math.min(CHANGES_MAX, Math.floor((plain.length + 1) / 3));
  return least <= most ? names[changes.indexOf(least)] : null;
}

/** The separator, with its name in the query, that a header of a single column seems to have. */
export function likelyDelimiter(line: string): { delimiter: string; name: string } | null {
  const found = DELIMITERS.find(([delimiter]) => line.includes(delimiter));
  return found === undefined ? null : { delimiter: found[0], name: found[1] };
}

function isNamed(name: string, words: string): boolean {
  const plain = plainName(name), parts = partsOf(name).map((part) => part.toLowerCase());
  return words.split(" ").some((word) =>
    parts.includes(word) || (word.length >= PART_LETTERS && plain.includes(word))
  );
}

function partsOf(name: string): string[] {
  return name.split(/[^\p{L}]+/u);
}

/** Letters and digits alone, small, without accents. */
function plainName(name: string): string {
  return name.normalize("NFD").toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");
}

/** How many letters are to be changed, added or removed (Levenshtein 1966). */
function changesBetween(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > CHANGES_MAX) return Infinity;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const same = row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(same, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[other.length];
}
