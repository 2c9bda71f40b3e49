/**
 * NEM12 files for tests.
 *
 * @module
 */

/** The parts of a 200 record that matter. */
export interface Nem12SeriesParts {
  readonly nmi?: string;
  readonly suffix?: string;
  readonly uom?: string;
  readonly minutes?: number | string;
}

/** A whole file: these records between 100 and 900. */
export function nem12File(...records: string[]): string {
  return ["100,NEM12,202401031004,MDP1,RETAILR", ...records, "900", ""].join("\n");
}

/** A 200 record; an energy series of half hours by default. */
export function seriesRecord(
  { nmi = "VABD000163", suffix = "E1", uom = "KWH", minutes = 30 }: Nem12SeriesParts = {},
): string {
  return `200,${nmi},E1B1,${suffix},${suffix},N1,METSER123,${uom},${minutes},20240401`;
}

/** A 300 record with these values; `quality` comes after them. */
export function dayRecord(day: string, values: readonly string[], quality = "A"): string {
  return `300,${day},${values.join(",")},${quality},,,20240102120025,`;
}

/** `count` values, each as its index in thousandths. */
export function countingValues(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `0.${String(index).padStart(3, "0")}`);
}
