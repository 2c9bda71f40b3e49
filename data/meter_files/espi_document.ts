/**
 * The elements of a document of ESPI: entries of Atom, or the elements alone.
 *
 * Names count without their prefix and in any case, because exporters differ in both.
 *
 * @module
 */

import { AppError } from "../app_error.ts";
import { FLOAT } from "../readings/decimal.ts";
import { parseDecimal } from "../text/decimal_fields.ts";
import { addLink, createEntry, createEspiLinks, type Entry } from "./espi_links.ts";
import {
  type AllEspiSeries,
  createEspiSeries,
  type EspiSeries,
  type EspiSeriesOptions,
} from "./espi_series.ts";
import { createHeldReadings } from "./held_readings.ts";
import { emptyReadingType, type ReadingType } from "./reading_type.ts";

/** The most usage points, meter readings and reading types of one document. */
const NODES_MAX = 10_000;
/** The most elements inside one another. */
const DEPTH_MAX = 100;
const DAY_SECONDS = 86_400;

/** The names of qualities (NAESB ESPI, QualityOfReading). */
const QUALITIES: ReadonlyMap<number, string> = new Map([
  [0, "valid"],
  [7, "manually_edited"],
  [8, "estimated_by_reference_day"],
  [9, "estimated_by_interpolation"],
  [10, "questionable"],
  [11, "derived"],
  [12, "projected"],
  [13, "mixed"],
  [14, "raw"],
  [15, "normalized_for_weather"],
  [16, "other"],
  [17, "validated"],
  [18, "verified"],
  [19, "revenue_quality"],
]);
/** Fields of a `ReadingType` in lower case, and their names. */
const TYPE_FIELDS: ReadonlyMap<string, keyof ReadingType> = new Map(
  Object.keys(emptyReadingType())
    // The keys of the object are exactly those of the type.
    .map((name) => [name.toLowerCase(), name as keyof ReadingType]),
);

/** Takes the parts of a document in order. */
export interface EspiDocument {
  /** Takes the beginning of an element; `attribute` finds an attribute. */
  open(name: string, attribute: (name: string) => string): void;
  /** Takes the end of an element with its text, and the line where it ends. */
  close(text: string, line: number): void;
  /** Whether a plain reading may be taken now. */
  isInBlock(): boolean;
  /** Takes a reading that was scanned from bytes. `quality` is NaN if it has none. */
  takeReading(startSeconds: number, value: number, quality: number, line: number): void;
  /** Selects the rows of the open block again, after others had theirs. */
  settle(): void;
  /**
   * Ends the document: what still waits gets its place, or is left out.
   *
   * @throws {AppError} INVALID_REQUEST if it has no block of readings.
   */
  end(): void;
  /** What is doubtful about the document. */
  doubts(): readonly string[];
}

/** The fields of the reading that is open. */
interface OpenReading {
  start: string;
  value: string;
  quality: number;
}

/** A document without elements. */
export function createEspiDocument(
  options: Omit<EspiSeriesOptions, "links">,
): EspiDocument {
  const { notes } = options;
  const links = createEspiLinks();
  const all: AllEspiSeries = createEspiSeries({ ...options, links });
  const path: string[] = [];
  const reading: OpenReading = { start: "", value: "", quality: NaN };
  const doubts = new Set<string>();
  let entry: Entry | null = null;
  let type: ReadingType | null = null;
  let series: EspiSeries | null = null;
  /** The block of an entry without links so far: they may come after it. */
  let early: EspiSeries | null = null;
  let settleEarly = () => {};
  let offsetSeconds = 0;
  let hasBlock = false;

  /** What opens at the end of the path. */
  function begin(name: string, attribute: (name: string) => string): void {
    switch (name) {
      case "entry":
        entry = createEntry();
        break;
      case "link":
        if (entry !== null) addLink(entry, attribute("rel"), attribute("href"));
        break;
      case "usagepoint":
        links.addUsagePoint(entry ?? createEntry());
        break;
      case "meterreading":
        links.addMeterReading(entry ?? createEntry());
        break;
      case "readingtype":
        type = links.addReadingType(entry ?? createEntry());
        break;
      case "intervalblock":
        hasBlock = true;
        series = beginBlock();
        break;
      case "intervalreading":
        reading.start = reading.value = "";
        reading.quality = NaN;
    }
    if (links.count() > NODES_MAX) {
      throw tooMany("usage points, meter readings and types", NODES_MAX);
    }
  }

  function beginBlock(): EspiSeries {
    const hasLinks = entry === null || entry.self.length + entry.up.length > 0;
    if (hasLinks) return all.of(links.ofBlock(entry ?? createEntry()));
    const held = createHeldReadings();
    const wrong: Parameters<EspiSeries["reject"]>[] = [];
    settleEarly = () => {
      const target = all.of(links.ofBlock(entry ?? createEntry()));
      all.hold(-held.length());
      held.drain(target.take);
      for (const args of wrong) target.reject(...args);
    };
    early = {
      select() {},
      take(seconds, value, scale, line) {
        all.hold(1);
        held.add(seconds, value, scale, line);
      },
      reject: (...args) => wrong.push(args),
    };
    return early;
  }

  function endReading(line: number): void {
    if (series === null) return;
    const { start, value, quality } = reading;
    if (!/^-?\d{1,12}$/.test(start)) {
      return series.reject("start", start, "whole seconds since 1970-01-01T00:00:00Z", line);
    }
    const decimal = parseDecimal(value);
    if (decimal === null) return series.reject("value", value, "a number", line);
    takeDecimal(Number(start), decimal.value, decimal.scale, quality, line);
  }

  function takeDecimal(
    seconds: number,
    value: number,
    scale: number,
    quality: number,
    line: number,
  ): void {
    if (quality === quality) notes.addQuality(QUALITIES.get(quality) ?? `code_${quality}`, 1);
    series?.take(seconds, value, scale, line);
  }

  function endEntry(): void {
    if (entry === null) return;
    links.onEntryEnd(entry);
    if (early !== null) settleEarly();
    early = null;
    entry = null;
    all.settle(false);
  }

  /** A day of a block that begins at 00:00 UTC in a zone with an offset is probably local time. */
  function lookAtBlock(duration: number, start: number): void {
    if (offsetSeconds === 0 || duration !== DAY_SECONDS || start % DAY_SECONDS !== 0) return;
    doubts.add(
      `The days begin at 00:00 UTC although the clocks are ${offsetSeconds} s from UTC. The times may ` +
        "be local time; then send the file with timezone=",
    );
  }

  const block = { duration: NaN, start: NaN };

  /** Takes the text of an element by its path. */
  function takeText(name: string, text: string): void {
    const parent = path.at(-1) ?? "", grandparent = path.at(-2) ?? "";
    if (parent === "timeperiod" && grandparent === "intervalreading") {
      if (name === "start") reading.start = text;
    } else if (parent === "intervalreading") {
      if (name === "value") reading.value = text;
    } else if (parent === "readingquality") {
      if (name === "quality") reading.quality = numberOf(text);
    } else if (parent === "interval" && grandparent === "intervalblock") {
      if (name === "duration" || name === "start") block[name] = numberOf(text);
    } else if (parent === "readingtype" && type !== null) {
      const field = TYPE_FIELDS.get(name);
      if (field !== undefined) type[field] = numberOf(text);
    } else if (name === "tzoffset") offsetSeconds = numberOf(text);
  }

  return {
    open(name, attribute) {
      const local = localName(name);
      path.push(local);
      if (path.length > DEPTH_MAX) throw tooMany("elements inside one another", DEPTH_MAX);
      begin(local, attribute);
    },
    close(text, line) {
      const name = path.pop() ?? "";
      takeText(name, text.trim());
      if (name === "intervalreading") endReading(line);
      else if (name === "interval") lookAtBlock(block.duration, block.start);
      else if (name === "intervalblock") series = null;
      else if (name === "readingtype") {
        type = null;
        if (entry === null) all.settle(false);
      } else if (name === "entry") endEntry();
    },
    isInBlock: () => path.at(-1) === "intervalblock",
    takeReading: (seconds, value, quality, line) => takeDecimal(seconds, value, 0, quality, line),
    settle() {
      all.settle(false);
      series?.select();
    },
    end() {
      if (!hasBlock) throw withoutBlocks();
      all.settle(true);
    },
    doubts: () => [...doubts],
  };
}

/** The name of an element in lower case, without its prefix. */
export function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1).toLowerCase();
}

function numberOf(text: string): number {
  const decimal = parseDecimal(text);
  if (decimal === null) return NaN;
  return decimal.scale === FLOAT ? decimal.value : decimal.value / 10 ** decimal.scale;
}

function tooMany(what: string, most: number): AppError {
  const detail = `A file of ESPI can have at most ${most} ${what}`;
  return new AppError("INVALID_REQUEST", detail, { errors: [{ pointer: "#body", detail }] });
}

function withoutBlocks(): AppError {
  const detail = "The XML has no IntervalBlock: a Green Button file has its readings in them";
  return new AppError("INVALID_REQUEST", detail, { errors: [{ pointer: "#body", detail }] });
}
