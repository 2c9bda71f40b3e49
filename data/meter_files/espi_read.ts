/**
 * Readings from the bytes of a Green Button file: XML of the Energy Services Provider Interface (NAESB
 * REQ.21), in a feed of Atom or alone.
 *
 * Plain readings are read directly from the bytes (`espi_scan.ts`), everything else by a parser. The
 * scan may begin only where the parser stands between two elements of a block: the parser is given the
 * `>` of a tag alone, and if it answers with that tag, it stands there.
 *
 * | state    | bytes                                     | next                                  |
 * | -------- | ----------------------------------------- | ------------------------------------- |
 * | `parse`  | up to a `>` that may end a tag of a block | `scan` if the parser answers, `parse` |
 * | `scan`   | a plain reading                           | `scan`                                |
 * | `scan`   | the beginning of one, then no more bytes  | waits for the next chunk              |
 * | `scan`   | anything else                             | `parse`                               |
 *
 * Documents with a DOCTYPE are refused, so no entity can be defined or fetched.
 *
 * @module
 */

import { SaxesParser } from "saxes";
import { AppError } from "../app_error.ts";
import type { UploadZone } from "../imports/time_options.ts";
import { RECORD_MAX_BYTES } from "../limits.ts";
import { createEspiDocument, localName } from "./espi_document.ts";
import { createReadingScanner, type ReadingScanner } from "./espi_scan.ts";
import { createFileNotes } from "../imports/file_notes.ts";
import type { MeterFileOptions, MeterFileReader } from "./meter_file.ts";
import { partsOf } from "./part_batches.ts";
import { createXmlText } from "./xml_text.ts";

const GREATER = 62, LESS = 60, QUOTE = 34, APOSTROPHE = 39;
/** The longest text, comment or tag, characters. */
const TOKEN_MAX = 1_048_576;
/** A tag of a block is no longer. */
const TAG_MAX_BYTES = 256;
/** The ends of tags after which a reading may come, without their `>`. */
const ENDINGS = ["IntervalReading", "interval", "IntervalBlock"]
  .map((name) => new TextEncoder().encode(name));

/** How to read a document of ESPI. */
export interface EspiReaderOptions extends MeterFileOptions {
  /** The zone of times that the exporter wrote as if they were UTC, as in the rules of `rows`; or null. */
  readonly zone: UploadZone | null;
}

/** A reader of the meters of a document of ESPI. */
export function createEspiReader(options: EspiReaderOptions): MeterFileReader {
  const { rows } = options;
  const notes = createFileNotes();
  const document = createEspiDocument({ ...options, notes });
  const parser = createParser(document);
  let scanner: ReadingScanner | null = null;
  let rest: Uint8Array = new Uint8Array(0);
  let isScanning = false;
  let isEnding = false;

  /** Reads plain readings and returns where they end. */
  function scanReadings(bytes: Uint8Array, start: number): number {
    let at = start;
    while (scanner !== null) {
      const end = scanner.scan(bytes, at, bytes.length);
      if (end === -2) return at;
      if (end < 0) break;
      const { startSeconds, value, quality, lines } = scanner.last;
      parser.skipLines(lines);
      document.takeReading(startSeconds, value, quality, parser.line());
      at = end;
    }
    isScanning = false;
    return at;
  }

  /** Gives the parser bytes up to the end of a tag of a block, and returns where that is. */
  function parseTag(bytes: Uint8Array, start: number): number {
    const end = blockTagEnd(bytes, start);
    if (end < 0) {
      parser.write(bytes.subarray(start), false);
      return bytes.length;
    }
    parser.write(bytes.subarray(start, end), false);
    isScanning = parser.endsTag(bytes.subarray(end, end + 1)) && document.isInBlock();
    const prefix = parser.prefix();
    if (isScanning && prefix !== null) scanner ??= createReadingScanner(prefix);
    isScanning &&= scanner !== null;
    return end + 1;
  }

  function read(chunk: Uint8Array): void {
    const bytes = rest.length === 0 ? chunk : joined(rest, chunk);
    rest = new Uint8Array(0);
    let at = 0;
    while (at < bytes.length) {
      if (isScanning) {
        at = scanReadings(bytes, at);
        const isWaiting = isScanning && bytes.length - at <= RECORD_MAX_BYTES;
        if (isWaiting) {
          rest = bytes.slice(at);
          return;
        }
        isScanning = false;
      }
      if (at < bytes.length) at = parseTag(bytes, at);
    }
  }

  const text = createXmlText(read);

  return {
    push(chunk) {
      document.settle();
      text.push(chunk);
    },
    end() {
      text.end();
      if (rest.length > 0) parser.write(rest, true);
      parser.end();
      document.end();
      rows.close();
      isEnding = true;
    },
    unknown: rows.unknown,
    know: rows.know,
    resume() {
      if (isEnding) document.end();
      else document.settle();
    },
    waiting: rows.waiting,
    take: () => rows.take().flatMap(partsOf),
    placeOf: (line) => ({ line }),
    rejected: rows.rejected,
    meters: rows.meters,
    ignored: () => [],
    keepsBeginning: true,
    notes: () => ({ ...notes.all(), doubts: document.doubts() }),
  };
}

/** The parser of everything that is not a plain reading. */
interface TagParser {
  /** Parses bytes. */
  write(bytes: Uint8Array, isLast: boolean): void;
  /** Parses a `>`. True if it ends a tag, so that the parser stands after it. */
  endsTag(greater: Uint8Array): boolean;
  /** Ends the document. @throws {AppError} MALFORMED_BODY if it was cut. */
  end(): void;
  /** Counts lines that are not parsed. */
  skipLines(count: number): void;
  /** The line that is parsed now, from 1. */
  line(): number;
  /** What the name of the last tag has before its local name; null before the first tag. */
  prefix(): string | null;
}

/** @throws {AppError} from every method: MALFORMED_BODY, INVALID_REQUEST if there is a DOCTYPE. */
function createParser(document: ReturnType<typeof createEspiDocument>): TagParser {
  const saxes = new SaxesParser({ xmlns: false, position: true });
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let skipped = 0, unseen = 0, events = 0, tags = 0;
  let prefix: string | null = null;
  let isEnded = false;

  const line = () => saxes.line + skipped;
  saxes.on("error", (error) => {
    throw isEnded ? cutShort() : malformed(line(), error);
  });
  saxes.on("doctype", () => {
    throw forbidden();
  });
  saxes.on("opentag", ({ name, attributes }) => {
    events++;
    tags++;
    text = "";
    prefix = prefixOf(name);
    document.open(name, (wanted) => attributes[wanted] ?? "");
  });
  saxes.on("closetag", ({ name }) => {
    events++;
    tags++;
    prefix = prefixOf(name);
    document.close(text, line());
    text = "";
  });
  saxes.on("text", (part) => {
    events++;
    text += part;
  });
  saxes.on("cdata", (part) => {
    events++;
    text += part;
  });
  saxes.on("comment", () => events++);
  saxes.on("processinginstruction", () => events++);

  function write(bytes: Uint8Array, isLast: boolean): void {
    const part = decoder.decode(bytes, { stream: !isLast });
    const before = events;
    saxes.write(part);
    unseen = events === before ? unseen + part.length : 0;
    if (unseen > TOKEN_MAX || text.length > TOKEN_MAX) throw tooLong(line());
  }

  return {
    write,
    endsTag(greater) {
      const before = tags;
      write(greater, false);
      return tags > before;
    },
    end() {
      isEnded = true;
      // Without any element there is nothing to be closed; the document says what it misses.
      if (tags > 0) saxes.close();
    },
    skipLines: (count) => skipped += count,
    line,
    prefix: () => prefix,
  };
}

/** The index of the first `>` that may end a tag of a block, or -1. */
function blockTagEnd(bytes: Uint8Array, start: number): number {
  for (let end = bytes.indexOf(GREATER, start); end >= 0; end = bytes.indexOf(GREATER, end + 1)) {
    const before = bytes[end - 1];
    if (before === QUOTE || before === APOSTROPHE) {
      if (/[<:]IntervalBlock\s/i.test(tagAt(bytes, end))) return end;
    } else if (ENDINGS.some((ending) => endsWith(bytes, end, ending))) return end;
  }
  return -1;
}

/** The tag that ends before an index, as far as it is near. */
function tagAt(bytes: Uint8Array, end: number): string {
  let start = end - 1;
  while (start > 0 && bytes[start] !== LESS && end - start < TAG_MAX_BYTES) start--;
  return String.fromCharCode(...bytes.subarray(start, end));
}

function endsWith(bytes: Uint8Array, end: number, text: Uint8Array): boolean {
  for (let i = 1; i <= text.length; i++) {
    if (bytes[end - i] !== text[text.length - i]) return false;
  }
  return true;
}

function prefixOf(name: string): string {
  return name.slice(0, name.length - localName(name).length);
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}

function malformed(line: number, { message }: Error): AppError {
  const reason = message.replace(/^(?:[^:]*:)?\d+:\d+: /, "");
  const detail = `The XML is not well-formed at line ${line}: ${reason.slice(0, 200)}`;
  return new AppError("MALFORMED_BODY", detail, {
    errors: [{ pointer: `#line=${line}`, detail }],
  });
}

function cutShort(): AppError {
  return new AppError("MALFORMED_BODY", "The XML ends before its last element: it was cut", {
    details: "What was stored stays stored; send the whole file to complete it",
  });
}

function forbidden(): AppError {
  const detail = "The XML must not have a DOCTYPE: a Green Button file has none";
  return new AppError("INVALID_REQUEST", detail, { errors: [{ pointer: "#body", detail }] });
}

function tooLong(line: number): AppError {
  const detail = `A text, comment or tag of the XML can have at most ${TOKEN_MAX} characters`;
  return new AppError("INVALID_REQUEST", detail, {
    errors: [{ pointer: `#line=${line}`, detail }],
  });
}
