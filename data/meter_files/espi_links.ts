/**
 * Which usage point, meter reading and reading type belong together in a document of ESPI.
 *
 * Entries of Atom are linked: a block is below a meter reading (`up`, `self`), and a meter reading is
 * related to its reading type. Where links are missing, what comes before counts: a meter reading
 * belongs to the last usage point, a block to the last meter reading, a reading type to the meter
 * reading before it, or if that has one, to the next.
 *
 * @module
 */

import { emptyReadingType, type ReadingType } from "./reading_type.ts";

/** The links of an entry, in a form that can be compared. They may come after its content. */
export interface Entry {
  /** Its own addresses. */
  readonly self: string[];
  /** What it is below. */
  readonly up: string[];
  /** What it is related to. */
  readonly related: string[];
}

/** A usage point. */
export interface UsagePoint {
  /** Its entry. */
  readonly entry: Entry;
  /** Its number in the document, from 1. */
  readonly ordinal: number;
}

/** A reading type. */
export interface TypeNode {
  /** Its entry. */
  readonly entry: Entry;
  /** Its fields, as far as they have come. */
  readonly type: ReadingType;
}

/** A meter reading: the blocks of one reading type. */
export interface MeterReading {
  /** Its entry; without links until it comes if a block came first. */
  entry: Entry;
  /** Its number in the document, from 1. */
  readonly ordinal: number;
  /** The usage point before it. */
  usagePoint: UsagePoint | null;
  /** The reading type before it. */
  typeBefore: TypeNode | null;
  /** The first reading type after it. */
  typeAfter: TypeNode | null;
  /** Whether its own element has come. */
  isDeclared: boolean;
}

/** What belongs together in one document. */
export interface EspiLinks {
  /** Adds a usage point. */
  addUsagePoint(entry: Entry): void;
  /** Adds a meter reading. */
  addMeterReading(entry: Entry): void;
  /** Adds a reading type and returns its fields, which are to be filled in. */
  addReadingType(entry: Entry): ReadingType;
  /** Takes what the links of an entry say that ends. */
  onEntryEnd(entry: Entry): void;
  /** The meter reading of a block; by position if no link leads to one. */
  ofBlock(entry: Entry): MeterReading;
  /** The reading type of a meter reading; null if it has not come. At the end, the only one counts. */
  typeOf(reading: MeterReading, isEnd: boolean): ReadingType | null;
  /** The id of the usage point of a meter reading. */
  usagePointId(reading: MeterReading): string;
  /** How many usage points, meter readings and types there are. */
  count(): number;
}

/** An entry without links. */
export function createEntry(): Entry {
  return { self: [], up: [], related: [] };
}

/** Adds a link of an entry. Relations that are not used are left out. */
export function addLink(entry: Entry, rel: string, href: string): void {
  const links = rel === "self" || rel === "up" || rel === "related" ? entry[rel] : null;
  if (links !== null && links.length < 100) links.push(comparable(href));
}

/** An address without host, query and closing slash. */
function comparable(href: string): string {
  return href.trim().replace(/^[a-z]+:\/\/[^/]*/i, "").replace(/[?#].*$/, "").replace(/\/+$/, "");
}

/** Links of a document without elements. */
export function createEspiLinks(): EspiLinks {
  const usagePoints: UsagePoint[] = [];
  const types: TypeNode[] = [];
  const typesByLink = new Map<string, TypeNode>();
  const readingsByLink = new Map<string, MeterReading>();
  let readingCount = 0;
  let last: MeterReading | null = null;

  function newReading(entry: Entry, isDeclared: boolean): MeterReading {
    return {
      entry,
      ordinal: ++readingCount,
      usagePoint: usagePoints.at(-1) ?? null,
      typeBefore: types.at(-1) ?? null,
      typeAfter: null,
      isDeclared,
    };
  }

  /** The meter reading that a link of a block names, before or after its own element. */
  function linkedReading({ up, self, related }: Entry): MeterReading | null {
    for (const href of [...up, ...self, ...related]) {
      const key = href.replace(/\/IntervalBlock(\/[^/]*)?$/i, "");
      const reading = readingsByLink.get(key) ?? readingsByLink.get(href);
      if (reading !== undefined) return reading;
    }
    const below = [...up, ...self].find((href) =>
      /\/MeterReading\/[^/]+\/IntervalBlock/i.test(href)
    );
    if (below === undefined) return null;
    const key = below.replace(/\/IntervalBlock(\/[^/]*)?$/i, "");
    const reading = newReading({ self: [key], up: [], related: [] }, false);
    readingsByLink.set(key, reading);
    return reading;
  }

  function linkedType({ related }: Entry): TypeNode | null | undefined {
    for (const href of related) {
      const found = typesByLink.get(href);
      if (found !== undefined) return found;
    }
    return related.some((href) => /\/ReadingType\//i.test(href)) ? null : undefined;
  }

  function linkedUsagePoint({ self, up }: Entry): UsagePoint | null {
    const hrefs = [...self, ...up];
    return usagePoints.find(({ entry }) => entry.related.some((href) => hrefs.includes(href))) ??
      null;
  }

  return {
    addUsagePoint(entry) {
      usagePoints.push({ entry, ordinal: usagePoints.length + 1 });
      last = null;
    },
    addMeterReading(entry) {
      last = newReading(entry, true);
    },
    addReadingType(entry) {
      const node = { entry, type: emptyReadingType() };
      types.push(node);
      if (last !== null && !last.isDeclared && (last.typeBefore ?? last.typeAfter) !== null) {
        last = null;
      }
      if (last !== null) last.typeAfter ??= node;
      return node.type;
    },
    onEntryEnd(entry) {
      const type = types.at(-1);
      if (type?.entry === entry) { for (const href of entry.self) typesByLink.set(href, type); }
      if (last?.entry !== entry) return;
      for (const href of entry.self) {
        const early = readingsByLink.get(href);
        if (early === undefined || early === last) continue;
        early.entry = entry;
        early.usagePoint = last.usagePoint;
        early.typeBefore = last.typeBefore;
        early.isDeclared = true;
        last = early;
      }
      for (const href of [...entry.self, ...entry.related]) {
        if (!readingsByLink.has(href)) readingsByLink.set(href, last);
      }
    },
    ofBlock(entry) {
      const linked = linkedReading(entry);
      if (linked !== null) return linked;
      last ??= newReading(createEntry(), false);
      return last;
    },
    typeOf(reading, isEnd) {
      const linked = linkedType(reading.entry);
      const node = linked === undefined ? reading.typeAfter ?? reading.typeBefore : linked;
      if (node !== null) return node.type;
      return isEnd && types.length === 1 ? types[0].type : null;
    },
    usagePointId(reading) {
      const { self, up } = reading.entry;
      const linked = idIn([...self, ...up]);
      if (linked !== null) return linked;
      const point = linkedUsagePoint(reading.entry) ?? reading.usagePoint;
      if (point === null) return "1";
      return idIn([...point.entry.self, ...point.entry.up]) ?? String(point.ordinal);
    },
    count: () => usagePoints.length + types.length + readingCount,
  };
}

/** The id of the usage point in addresses such as `…/UsagePoint/01/MeterReading/02`. */
function idIn(hrefs: readonly string[]): string | null {
  for (const href of hrefs) {
    const segment = /\/UsagePoint\/([^/]+)/i.exec(href)?.[1];
    if (segment !== undefined) return readable(segment);
  }
  return null;
}

/** A segment of an address as an id: decoded, and `-` for what an id cannot have. */
function readable(segment: string): string {
  let text = segment;
  try {
    text = decodeURIComponent(segment);
  } catch {
    // It is not encoded.
  }
  return text.replace(/[^A-Za-z0-9_.:-]/g, "-").replace(/^[^A-Za-z0-9]/, "0").slice(0, 64);
}
