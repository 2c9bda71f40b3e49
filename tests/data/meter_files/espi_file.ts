/**
 * Green Button files for tests.
 *
 * @module
 */

/** The fields of a reading type; those that are absent are left out. */
export interface TypeFields {
  readonly uom?: number;
  readonly powerOfTenMultiplier?: number;
  readonly flowDirection?: number;
  readonly accumulationBehaviour?: number;
  readonly intervalLength?: number;
  readonly phase?: number;
}

/** A reading: seconds since 1970, its value, and perhaps elements before the period or after the value. */
export type Reading = readonly [
  start: number,
  value: number | string,
  before?: string,
  after?: string,
];

const ROOT = "/espi/1_1/resource";

/** A document: entries in a feed. */
export function feed(...entries: string[]): string {
  const head =
    '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">' +
    "<id>urn:uuid:0</id><title>Usage</title><updated>2024-02-01T00:00:00Z</updated>";
  return `${head}\n${entries.join("\n")}\n</feed>\n`;
}

/** An entry with links before its content. */
export function entry(links: Readonly<Record<string, string>>, content: string): string {
  return `<entry><id>urn:uuid:1</id>${linksOf(links)}<title/><content>${content}</content></entry>`;
}

/** An entry with links after its content. */
export function lateEntry(links: Readonly<Record<string, string>>, content: string): string {
  return `<entry><content>${content}</content>${linksOf(links)}</entry>`;
}

/** The links of an entry, by relation. */
function linksOf(links: Readonly<Record<string, string>>): string {
  return Object.entries(links).map(([rel, href]) => `<link rel="${rel}" href="${href}"/>`).join("");
}

export const usagePoint =
  '<UsagePoint xmlns="http://naesb.org/espi"><ServiceCategory><kind>0</kind>' +
  "</ServiceCategory></UsagePoint>";
export const meterReading = '<MeterReading xmlns="http://naesb.org/espi"/>';

/** A reading type; hourly energy in Wh by default. */
export function readingType(fields: TypeFields = {}): string {
  const all = {
    uom: 72,
    powerOfTenMultiplier: 0,
    flowDirection: 1,
    accumulationBehaviour: 4,
    intervalLength: 3600,
    ...fields,
  };
  const texts = Object.entries(all).map(([name, value]) => `<${name}>${value}</${name}>`);
  return `<ReadingType xmlns="http://naesb.org/espi">${texts.join("")}</ReadingType>`;
}

/** A reading without white space. */
export function reading([start, value, before = "", after = ""]: Reading): string {
  return `<IntervalReading>${before}<timePeriod><duration>3600</duration><start>${start}</start>` +
    `</timePeriod><value>${value}</value>${after}</IntervalReading>`;
}

/** A block of readings. */
export function block(readings: readonly Reading[]): string {
  return '<IntervalBlock xmlns="http://naesb.org/espi"><interval><duration>86400</duration><start>' +
    `${readings[0]?.[0] ?? 0}</start></interval>${readings.map(reading).join("")}</IntervalBlock>`;
}

/** The entries of one meter reading with its links, without those of its usage point. */
export function series(
  { point = "01", id = "01", type = {}, blocks }: {
    readonly point?: string;
    readonly id?: string;
    readonly type?: TypeFields;
    readonly blocks: readonly (readonly Reading[])[];
  },
): { reading: string; type: string; blocks: string[] } {
  const self = `${ROOT}/UsagePoint/${point}/MeterReading/${id}`;
  const typeSelf = `${ROOT}/ReadingType/${point}${id}`;
  return {
    reading: entry({ self, related: typeSelf }, meterReading),
    type: entry({ self: typeSelf }, readingType(type)),
    blocks: blocks.map((readings, index) =>
      entry(
        { self: `${self}/IntervalBlock/${index}`, up: `${self}/IntervalBlock` },
        block(readings),
      )
    ),
  };
}

/** The entry of a usage point. */
export function point(id = "01"): string {
  return entry({ self: `${ROOT}/UsagePoint/${id}` }, usagePoint);
}
