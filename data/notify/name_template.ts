/**
 * Templates of the names of delivered files, such as `{meter}/{start:yyyy-MM}.csv`.
 *
 * A field is `{NAME}`, or `{NAME:PATTERN}` for a time. Patterns have the fields of exports
 * (`data/encoders/time_form.ts`) and may be parts of a date. A name stays below its folder on every
 * system: its characters are plain, no part of its path begins with a dot, and none is a device.
 *
 * @module
 */

import { clockDayAt } from "../encoders/time_form.ts";
import { HOUR_MS, MINUTE_MS } from "../limits.ts";
import { createOffsets } from "../time/zone.ts";

/** The longest template, characters. */
export const TEMPLATE_MAX = 300;
/** The longest part of a path, bytes: what file systems take. */
const SEGMENT_MAX = 255;
/** The longest whole name, bytes: S3 takes 1,024 with the prefix. */
const NAME_MAX = 700;

/** Fields that are texts, with the most characters of their values. */
const TEXT_FIELDS = {
  meter: 64,
  device: 64,
  source: 64,
  profile: 64,
  interval: 8,
  format: 8,
  ext: 12,
  filename: 140,
  job: 36,
} as const;
/** Fields that are times. */
const TIME_FIELDS = ["start", "end", "created"] as const;

/** A field that is a text. */
export type TextField = keyof typeof TEXT_FIELDS;
/** A field that is a time. */
export type TimeField = typeof TIME_FIELDS[number];
/** A field of a template. */
export type NameField = TextField | TimeField;

/** The names of all fields. */
// The keys of a constant object are exactly the names of its type.
export const NAME_FIELDS: readonly NameField[] = [
  ...Object.keys(TEXT_FIELDS) as TextField[],
  ...TIME_FIELDS,
];

/** A piece of a name. */
type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "field"; readonly field: TextField }
  | { readonly kind: "time"; readonly field: TimeField; readonly unit: TimeUnit };

/** A template that makes names. */
export interface NameTemplate {
  /** Its fields. */
  readonly fields: readonly NameField[];
  /** The name for these values: names joined by `/`. */
  render(values: NameValues): string;
}

/** What fields stand for. */
export interface NameValues {
  /** The texts; those that a template has must be here. */
  readonly texts: Readonly<Partial<Record<TextField, string>>>;
  /** The times, epoch milliseconds; those that a template has must be here. */
  readonly timesMs: Readonly<Partial<Record<TimeField, number>>>;
  /** The zone on whose clock the times are. */
  readonly zone: string;
}

const UNITS = ["yyyy", "yy", "MMM", "MM", "M", "dd", "d", "HH", "mm", "ss"] as const;
type TimeUnit = typeof UNITS[number];
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** A field in braces, a stray brace, or other text. */
const PARTS = /\{([^{}]*)\}|[{}]|[^{}]+/gu;
/** A doubled quote, a quoted text, an open quote, a run of one letter, another character. */
const PATTERN_PARTS = /''|'(?:[^']|'')+'|'[^]*|([A-Za-z])\1*|[^]/gu;
const PLAIN = /^[A-Za-z0-9_.=+@,()/-]*$/;
/** {@link PLAIN} in words. */
const PLAIN_RULE = "A-Z a-z 0-9 _ . = + @ , ( ) - and / between folders";
/** Names that are devices on Windows, also with an ending. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i;

/**
 * Reads a template. `available` has the fields that have a value here.
 *
 * @throws {SyntaxError} It names everything that is wrong.
 */
export function readNameTemplate(
  template: string,
  available: readonly NameField[] = NAME_FIELDS,
): NameTemplate {
  const problems = new Set<string>();
  if (template === "") problems.add("it must not be empty");
  if (template.length > TEMPLATE_MAX) {
    problems.add(`it must have at most ${TEMPLATE_MAX} characters`);
  }
  const pieces = problems.size > 0 ? [] : piecesOf(template, { available, problems });
  checkPath(pieces, problems);
  if (problems.size > 0) {
    const list = [...problems].join(", ");
    throw new SyntaxError(`Cannot use as a name as ${list}: ${template.slice(0, TEMPLATE_MAX)}`);
  }
  const fields = pieces.flatMap((piece) => piece.kind === "text" ? [] : [piece.field]);
  return { fields: [...new Set(fields)], render: (values) => rendered(pieces, values) };
}

interface Reading {
  readonly available: readonly NameField[];
  readonly problems: Set<string>;
}

function piecesOf(template: string, { available, problems }: Reading): Piece[] {
  return Array.from(template.matchAll(PARTS)).flatMap(([part, inner]): Piece[] => {
    if (inner !== undefined) return fieldPieces(inner, { available, problems });
    if (part === "{" || part === "}") {
      problems.add("each { must have its }");
      return [];
    }
    return [literal(part, problems)];
  });
}

function literal(text: string, problems: Set<string>): Piece {
  if (!PLAIN.test(text)) problems.add(`it may have ${PLAIN_RULE} alone outside of fields`);
  return { kind: "text", text };
}

function fieldPieces(inner: string, { available, problems }: Reading): Piece[] {
  const at = inner.indexOf(":");
  const name = at < 0 ? inner : inner.slice(0, at);
  const pattern = at < 0 ? null : inner.slice(at + 1);
  const field = NAME_FIELDS.find((one) => one === name);
  if (field === undefined) {
    problems.add(`{${name}} must be one of ${available.map((one) => `{${one}}`).join(" ")}`);
    return [];
  }
  if (!available.includes(field)) problems.add(`{${field}} has no value here`);
  if (isTimeField(field)) return timePieces(field, pattern ?? "yyyy-MM-dd", problems);
  if (pattern !== null) problems.add(`{${field}} must have no pattern, as it is no time`);
  return [{ kind: "field", field }];
}

function isTimeField(field: NameField): field is TimeField {
  return (TIME_FIELDS as readonly string[]).includes(field);
}

function timePieces(field: TimeField, pattern: string, problems: Set<string>): Piece[] {
  if (pattern === "") problems.add(`{${field}:} must have a pattern such as yyyy-MM`);
  return Array.from(pattern.matchAll(PATTERN_PARTS)).flatMap(([part, letter]): Piece[] => {
    if (letter !== undefined) {
      const unit = UNITS.find((one) => one === part);
      if (unit !== undefined) return [{ kind: "time", field, unit }];
      problems.add(`${part} in {${field}} must be among ${UNITS.join(" ")} or be in quotes`);
      return [];
    }
    if (part.startsWith("'") && part !== "''" && !/^'(?:[^']|'')+'$/.test(part)) {
      problems.add("each quote must be closed");
      return [];
    }
    return [literal(part === "''" ? part : part.replace(/^'([^]*)'$/, "$1"), problems)];
  });
}

/** Checks what the parts of the path can be, whatever the values are. */
function checkPath(pieces: readonly Piece[], problems: Set<string>): void {
  const first = pieces[0];
  if (first?.kind === "text" && first.text.startsWith("/")) {
    problems.add("it must not begin with /, as it is below a folder");
  }
  const segments = segmentsOf(pieces);
  if (segments.slice(1).some(({ isEmpty }) => isEmpty)) {
    problems.add("each / must have a name on both sides");
  }
  for (const { start, end, whole, widest } of segments) {
    if (start.startsWith(".")) problems.add("no name in it must begin with a dot");
    if (end.endsWith(".")) problems.add("no name in it must end with a dot");
    if (/\.part$/i.test(end)) {
      problems.add(".part must not be an ending, as it marks unfinished files");
    }
    if (whole !== null && DEVICE.test(whole)) {
      problems.add(`${whole} must not be a name, as Windows keeps it for a device`);
    }
    if (widest > SEGMENT_MAX) problems.add(`no name in it must exceed ${SEGMENT_MAX} characters`);
  }
  const widest = segments.reduce((sum, one) => sum + one.widest + 1, 0);
  if (widest > NAME_MAX) problems.add(`the whole name must not exceed ${NAME_MAX} characters`);
}

/** A part of a path as far as it is known without values. */
interface Segment {
  /** The fixed text at its start. */
  readonly start: string;
  /** The fixed text at its end. */
  readonly end: string;
  /** All of it, if it is fixed. */
  readonly whole: string | null;
  /** The most characters. */
  readonly widest: number;
  /** Whether it is "" always. */
  readonly isEmpty: boolean;
}

function segmentsOf(pieces: readonly Piece[]): Segment[] {
  const groups: Piece[][] = [[]];
  for (const piece of pieces) {
    const [head, ...rest] = piece.kind === "text"
      ? piece.text.split("/").map((text): Piece => ({ kind: "text", text }))
      : [piece];
    groups.at(-1)?.push(head);
    for (const next of rest) groups.push([next]);
  }
  return groups.map((all) => {
    const group = all.filter((piece) => piece.kind !== "text" || piece.text !== "");
    const isFixed = group.every(({ kind }) => kind === "text");
    const text = (list: readonly Piece[]) =>
      list.map((piece) => piece.kind === "text" ? piece.text : "").join("");
    const firstField = group.findIndex(({ kind }) => kind !== "text");
    const lastField = group.findLastIndex(({ kind }) => kind !== "text");
    return {
      start: text(group.slice(0, firstField < 0 ? undefined : firstField)),
      end: text(group.slice(lastField + 1)),
      whole: isFixed ? text(group) : null,
      widest: group.reduce((sum, piece) => sum + widthOf(piece), 0),
      isEmpty: group.length === 0,
    };
  });
}

function widthOf(piece: Piece): number {
  if (piece.kind === "text") return piece.text.length;
  // `d` and `M` may have two digits.
  return piece.kind === "field" ? TEXT_FIELDS[piece.field] : Math.max(2, piece.unit.length);
}

/** @throws {RangeError} if a value is missing. */
function rendered(pieces: readonly Piece[], { texts, timesMs, zone }: NameValues): string {
  const offsetAt = createOffsets(zone);
  const name = pieces.map((piece) => {
    if (piece.kind === "text") return piece.text;
    const value = piece.kind === "field" ? texts[piece.field] : timesMs[piece.field];
    if (value === undefined) throw new RangeError(`Cannot name a file without {${piece.field}}`);
    if (piece.kind === "field") return plainText(String(value));
    return unitText(piece.unit, Number(value), offsetAt(Number(value)).offsetMs);
  }).join("");
  return name.split("/").map(safeSegment).join("/");
}

/** A value without what separates folders or means something to a system. */
function plainText(value: string): string {
  return value.replaceAll(/[^A-Za-z0-9_.=+@,()-]/g, "_");
}

/** A part of a path whose values made it hidden, a step, or a device. */
function safeSegment(segment: string): string {
  const plain = segment.replace(/^\.+/, (dots) => "_".repeat(dots.length))
    .replace(/\.+$/, (dots) => "_".repeat(dots.length)).replace(/\.part$/i, "_part");
  return DEVICE.test(plain) || plain === "" ? `_${plain}` : plain;
}

function unitText(unit: TimeUnit, timeMs: number, offsetMs: number): string {
  const { wallDayMs } = clockDayAt(timeMs, { offsetMs, isUtc: false });
  const date = new Date(wallDayMs);
  const clockMs = timeMs + offsetMs - wallDayMs;
  const two = (value: number) => String(value).padStart(2, "0");
  switch (unit) {
    case "yyyy":
      return String(date.getUTCFullYear()).padStart(4, "0");
    case "yy":
      return two(date.getUTCFullYear() % 100);
    case "MMM":
      return MONTHS[date.getUTCMonth()];
    case "MM":
      return two(date.getUTCMonth() + 1);
    case "M":
      return String(date.getUTCMonth() + 1);
    case "dd":
      return two(date.getUTCDate());
    case "d":
      return String(date.getUTCDate());
    case "HH":
      return two(Math.floor(clockMs / HOUR_MS));
    case "mm":
      return two(Math.floor(clockMs / MINUTE_MS) % 60);
    case "ss":
      return two(Math.floor(clockMs / 1_000) % 60);
  }
}
