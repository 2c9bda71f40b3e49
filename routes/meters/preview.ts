/**
 * The first readings of a file as the proposed import would store them: the sample goes through the
 * same reader as an upload.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { ManyMetersReader } from "../../data/imports/upload_reader.ts";
import type { Place } from "../../data/text/upload_reader.ts";
import type { Doubt } from "../../data/inspect/doubts.ts";
import type { FileSample, Inspection } from "../../data/inspect/inspection.ts";
import { openReader, UPLOAD_FORMATS } from "../../data/meter_files/open_reader.ts";
import { toNumber } from "../../data/readings/decimal.ts";
import type { Page } from "../../data/readings/page.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { InspectionBody } from "./inspect_schemas.ts";
import { ownIdOf } from "./inspect_media.ts";
import { planReader } from "./plan_upload.ts";

/** What the sample gave. */
export interface Preview {
  /** The first readings. */
  readonly readings: InspectionBody["readings"];
  /** The line of each of them, or its index in a JSON array. */
  readonly places: readonly number[];
  /** How many records were rejected. */
  readonly rejected: number;
  /** The first of them. */
  readonly rejects: InspectionBody["rejects"];
  /** Doubts that only reading shows. */
  readonly doubts: readonly Doubt[];
  /** The ids of the meters in the part that was read. */
  readonly meterIds: readonly string[];
  /** Why the import would be refused as a whole; null if it would not. */
  readonly refusal: string | null;
}

const LF = 10;
/** What reading a file begins with where nothing can be read. */
const NOTHING: Preview = {
  readings: [],
  places: [],
  rejected: 0,
  rejects: [],
  doubts: [],
  meterIds: [],
  refusal: null,
};
/** The meter of the address, in the preview of a file of one meter. */
const ANY_METER = "meter";

/** Reads the sample by the proposed import and stores nothing. It keeps the first `rows` of each. */
export function previewImport(
  found: Inspection,
  { sample, oldestMs, rows }: { sample: FileSample; oldestMs: number; rows: number },
): Preview {
  const { isImportable, hasManyMeters, parameters, kind } = found;
  if (!isImportable) return NOTHING;
  const id = hasManyMeters ? null : ownIdOf(found) ?? ANY_METER;
  const format = UPLOAD_FORMATS.find((one) => one === kind.format);
  if (format === undefined) return NOTHING;
  try {
    const queries = Object.fromEntries(
      Object.entries(parameters).map(([name, values]) => [name, [...values]]),
    );
    const reader = openReader(planReader(queries, format, { id, oldestMs }));
    readSample(reader, kind.format, sample);
    return previewOf(reader, { isOfMany: id === null, rows });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const details = error.errors.map(({ detail }) => detail);
    return { ...NOTHING, refusal: details.length > 0 ? details.join("; ") : error.message };
  }
}

/** Gives the reader all whole records of the sample. */
function readSample(reader: ManyMetersReader, format: string, sample: FileSample): void {
  const { bytes, isWhole } = sample;
  const isOfLines = format !== "json" && format !== "espi";
  const end = isWhole || !isOfLines ? bytes.length : bytes.lastIndexOf(LF) + 1;
  reader.push(bytes.slice(0, end));
  know(reader);
  try {
    reader.end();
  } catch (error) {
    // A file that is cut off has no end; what came before it was read.
    if (!(error instanceof AppError) || error.code !== "MALFORMED_BODY" || isWhole) throw error;
  }
  know(reader);
}

/** Lets every meter have the profile of meters. */
function know(reader: ManyMetersReader): void {
  for (let unknown = reader.unknown(); unknown.length > 0; unknown = reader.unknown()) {
    for (const id of unknown) reader.know(id, PROFILES.meter);
    reader.resume();
  }
}

function previewOf(
  reader: ManyMetersReader,
  { isOfMany, rows }: { isOfMany: boolean; rows: number },
): Preview {
  const placed = reader.take().flatMap(({ meterId, batch: { page, places } }) =>
    Array.from(places.subarray(0, rows), (place, row) => ({ place, meterId, page, row }))
  ).toSorted((one, other) => one.place - other.place).slice(0, rows);
  const { count, first } = reader.rejected();
  const lineOf = (place: Place) => "line" in place ? place.line : place.index;
  const rejects = first.slice(0, rows).map(({ field, value, rule, ...place }) => ({
    line: lineOf(place),
    field,
    value,
    rule,
  }));
  return {
    readings: placed.map(({ meterId, page, row }) =>
      readingOf(isOfMany ? meterId : null, page, row)
    ),
    places: placed.map(({ place }) => lineOf(reader.placeOf(place))),
    rejected: count,
    rejects,
    doubts: rejectDoubts(count, { read: placed.length, rejects }),
    meterIds: reader.meters().map(({ meterId }) => meterId),
    refusal: null,
  };
}

function readingOf(
  meterId: string | null,
  page: Page,
  row: number,
): InspectionBody["readings"][number] {
  const values = PROFILES.meter.metrics.map(({ name }, index) => {
    const { scale, values } = page.columns[index];
    return [name, values[row] === values[row] ? toNumber(values[row], scale) : null];
  });
  return {
    smart_meter_id: meterId,
    timestamp: instantText(page.timesMs[row]),
    ...Object.fromEntries(values),
  };
}

function rejectDoubts(
  count: number,
  { read, rejects }: { read: number; rejects: Preview["rejects"] },
): Doubt[] {
  const [first] = rejects;
  if (first === undefined || (count <= 1 && read > 0)) return [];
  const detail = `${count} records of the part that was read would be rejected, the first at ` +
    `${first.line}: it needs ${first.rule}, found ${first.value}`;
  return [{ about: "rows", detail, settle: null }];
}
