/**
 * Which format an upload of readings has: by the query, its media type, or its first bytes.
 *
 * @module
 */

import type { FieldError } from "../../data/app_error.ts";
import { DETECT_BYTES, detectForm } from "../../data/meter_files/detect.ts";
import { UPLOAD_FORMATS, type UploadFormat } from "../../data/meter_files/open_reader.ts";
import { quoted } from "../../data/quoted.ts";

/** The media types of uploads, and the format that each says; null if it says none. */
const MEDIA_TYPES = {
  "text/csv": null,
  "application/x-ndjson": "ndjson",
  "application/json": "json",
  "application/xml": "espi",
  "text/xml": "espi",
  "application/zip": null,
  "application/x-zip-compressed": null,
  "application/octet-stream": null,
} as const satisfies Readonly<Record<string, UploadFormat | null>>;

/** One of {@link UPLOAD_TYPES}. */
export type UploadType = keyof typeof MEDIA_TYPES;

/** The media types of uploads. */
// Object.keys() returns plain strings; these are exactly the keys.
export const UPLOAD_TYPES: readonly UploadType[] = Object.keys(MEDIA_TYPES) as UploadType[];

/** Enough to know NEM12 from other CSV, also in UTF-16. */
const CSV_HEAD_BYTES = 32;
/** The parameters that a format of meters takes. */
const METER_FORMAT_PARAMETERS: Readonly<Record<"nem12" | "espi", readonly string[]>> = {
  nem12: ["derive", "dry_run", "format", "preset", "register"],
  espi: ["dry_run", "format", "preset", "register", "timezone", "ambiguous", "nonexistent"],
};

/** What is known of the format before the first byte. */
export interface KnownFormat {
  /** The format; null if the first bytes say it. */
  readonly format: UploadFormat | null;
  /** How many of them to look at. */
  readonly headBytes: number;
  /** Whether the upload may be a ZIP file. */
  readonly mayBeZip: boolean;
}

/** The format as far as query and media type say it. The query counts more. */
export function knownFormat(mediaType: UploadType, given: string | undefined): KnownFormat {
  const asked = UPLOAD_FORMATS.find((format) => format === given) ?? null;
  const format = asked ?? MEDIA_TYPES[mediaType];
  const isOpen = mediaType === "text/csv" || MEDIA_TYPES[mediaType] === "espi";
  const mayBeZip = isOpen || MEDIA_TYPES[mediaType] === null;
  if (format !== null) return { format, headBytes: 0, mayBeZip };
  const headBytes = mediaType === "text/csv" ? CSV_HEAD_BYTES : DETECT_BYTES;
  return { format, headBytes, mayBeZip };
}

/** The format of an upload that begins with these bytes. What is called CSV can only be NEM12 else. */
export function formatOf(head: Uint8Array, mediaType: UploadType): UploadFormat {
  const form = detectForm(head);
  if (mediaType === "text/csv") return form === "nem12" ? form : "csv";
  // A file that is packed twice is read as CSV, whose header then says what is wrong.
  return UPLOAD_FORMATS.find((format) => format === form) ?? "csv";
}

/** Errors about parameters that a format does not take. */
export function parametersOutOfPlace(
  queries: Readonly<Record<string, string[]>>,
  format: UploadFormat,
): FieldError[] {
  if (format !== "nem12" && format !== "espi") return [];
  const taken = METER_FORMAT_PARAMETERS[format];
  return Object.entries(queries).flatMap(([name, values]) => {
    if (taken.includes(name)) return [];
    const detail = `${name.slice(0, 100)} is not for ${format}: the format says it`;
    return [{ pointer: `#${name.slice(0, 100)}`, detail, value: quoted(values[0]) }];
  });
}
