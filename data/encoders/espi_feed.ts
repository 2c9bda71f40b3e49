/**
 * The feed around the readings of ESPI: Atom entries for the clock, the usage points, their meter
 * readings and the types of these (NAESB REQ.21, RFC 4287).
 *
 * Ids and dates follow from the request, as the same request gives the same file.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { espiClock } from "./espi_dst.ts";
import { readingTypeXml } from "./espi_types.ts";
import type { FileColumn, FileHead } from "./encoder.ts";
import { instantText } from "../time/time_text.ts";
import { xmlText } from "./xml_text.ts";

const ESPI = "http://naesb.org/espi";
const ROOT = "/espi/1_1/resource";
const CLOCK = `${ROOT}/LocalTimeParameters/1`;
const ELECTRICITY_SERVICE = 0;

/** A link of an entry. */
type Link = readonly [rel: "self" | "up" | "related", href: string];

/** An entry of the feed. */
interface Entry {
  readonly title: string;
  readonly links: readonly Link[];
  /** The XML of its content. */
  readonly content: string;
  /** When it was last changed, epoch milliseconds. */
  readonly updatedMs: number;
}

/** The end of the feed. */
export const FEED_END = "</feed>\n";

/** The feed up to the first readings. */
export function feedStart(head: FileHead): string {
  const { profile, sources, columns, span } = head;
  const title = `${profile}: ${sources.length === 1 ? sources[0] : `${sources.length} sources`}`;
  const self = `${ROOT}/Batch/${sources.length === 1 ? encodeURIComponent(sources[0]) : "all"}`;
  const entries = [
    clockEntry(head),
    ...columns.map((column, index) => readingTypeEntry(head, column, index)),
    ...sources.flatMap((source) => [
      usagePointEntry(head, source),
      ...columns.map((column, index) => meterReadingEntry(head, { source, column, index })),
    ]),
  ];
  return '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">' +
    `<id>${uuid(feedName(head))}</id><title>${xmlText(title)}</title>` +
    `<updated>${instantText(span.toMs)}</updated><link rel="self" href="${xmlText(self)}"/>\n` +
    entries.map((entry) => entryXml(head, entry)).join("");
}

/** The entry of an interval block, up to its readings. Its number counts those of its series. */
export function blockStart(
  head: FileHead,
  { source, index, number, fromS, toS }: {
    source: string;
    index: number;
    number: number;
    fromS: number;
    toS: number;
  },
): string {
  const up = `${meterReadingHref(source, index)}/IntervalBlock`;
  const self = `${up}/${number}`;
  return entryStart(head, {
    title: head.columns[index].name,
    links: [["self", self], ["up", up]],
  }) +
    `<IntervalBlock xmlns="${ESPI}"><interval><duration>${toS - fromS}</duration>` +
    `<start>${fromS}</start></interval>`;
}

/** The end of such an entry. */
export function blockEnd(updatedMs: number): string {
  return `</IntervalBlock>${entryEnd(updatedMs)}`;
}

function clockEntry({ zone, span }: FileHead): Entry {
  const { dstEndRule, dstOffsetS, dstStartRule, tzOffsetS } = espiClock(zone, span.fromMs);
  return {
    title: zone,
    links: [["self", CLOCK], ["up", `${ROOT}/LocalTimeParameters`]],
    content: `<LocalTimeParameters xmlns="${ESPI}"><dstEndRule>${dstEndRule}</dstEndRule>` +
      `<dstOffset>${dstOffsetS}</dstOffset><dstStartRule>${dstStartRule}</dstStartRule>` +
      `<tzOffset>${tzOffsetS}</tzOffset></LocalTimeParameters>`,
    updatedMs: span.toMs,
  };
}

function readingTypeEntry(head: FileHead, column: FileColumn, index: number): Entry {
  return {
    title: column.name,
    links: [["self", readingTypeHref(index)], ["up", `${ROOT}/ReadingType`]],
    content: readingTypeXml(column, head.intervalMs),
    updatedMs: head.span.toMs,
  };
}

function usagePointEntry({ span }: FileHead, source: string): Entry {
  const self = usagePointHref(source);
  return {
    title: source,
    links: [
      ["self", self],
      ["up", `${ROOT}/RetailCustomer/1/UsagePoint`],
      ["related", `${self}/MeterReading`],
      ["related", CLOCK],
    ],
    content: `<UsagePoint xmlns="${ESPI}"><ServiceCategory><kind>${ELECTRICITY_SERVICE}</kind>` +
      `</ServiceCategory></UsagePoint>`,
    updatedMs: span.toMs,
  };
}

function meterReadingEntry(
  { span }: FileHead,
  { source, column, index }: { source: string; column: FileColumn; index: number },
): Entry {
  const self = meterReadingHref(source, index);
  return {
    title: column.name,
    links: [
      ["self", self],
      ["up", `${usagePointHref(source)}/MeterReading`],
      ["related", `${self}/IntervalBlock`],
      ["related", readingTypeHref(index)],
    ],
    content: `<MeterReading xmlns="${ESPI}"/>`,
    updatedMs: span.toMs,
  };
}

function usagePointHref(source: string): string {
  return `${ROOT}/RetailCustomer/1/UsagePoint/${encodeURIComponent(source)}`;
}

function meterReadingHref(source: string, index: number): string {
  return `${usagePointHref(source)}/MeterReading/${index + 1}`;
}

function readingTypeHref(index: number): string {
  return `${ROOT}/ReadingType/${index + 1}`;
}

function entryXml(head: FileHead, entry: Entry): string {
  return entryStart(head, entry) + entry.content + entryEnd(entry.updatedMs);
}

function entryStart(head: FileHead, { title, links }: Pick<Entry, "title" | "links">): string {
  const hrefs = links.map(([rel, href]) => `<link rel="${rel}" href="${xmlText(href)}"/>`);
  return `<entry><id>${uuid(`${feedName(head)} ${links[0][1]}`)}</id>${hrefs.join("")}` +
    `<title>${xmlText(title)}</title><content>`;
}

function entryEnd(updatedMs: number): string {
  const date = instantText(updatedMs);
  return `</content><published>${date}</published><updated>${date}</updated></entry>\n`;
}

/** What a feed is about, which tells it from all others. */
function feedName({ sources, columns, span, zone, interval }: FileHead): string {
  const names = columns.map(({ name }) => name);
  return JSON.stringify([sources, names, span.fromMs, span.toMs, zone, interval]);
}

/** A name as a UUID of version 5 (RFC 9562 §5.5), without a namespace. */
function uuid(name: string): string {
  const bytes = createHash("sha1").update(`openwatts ${name}`).digest().subarray(0, 16);
  bytes[6] = bytes[6] & 0x0f | 0x50;
  bytes[8] = bytes[8] & 0x3f | 0x80;
  const hex = bytes.toString("hex");
  const parts = [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]];
  return `urn:uuid:${parts.map(([from, to]) => hex.slice(from, to)).join("-")}`;
}
