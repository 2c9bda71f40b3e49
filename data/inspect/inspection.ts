/**
 * What is said about a file: what it is, and how it would be imported.
 *
 * @module
 */

import type { Preset } from "../imports/preset.ts";
import type { ContentKind } from "./content_kind.ts";
import type { Doubt } from "./doubts.ts";
import type { EncodingGuess } from "./encoding_guess.ts";
import type { Parameters } from "./table_plan.ts";

/** The first bytes of a file, decompressed. */
export interface FileSample {
  /** The bytes. */
  readonly bytes: Uint8Array;
  /** Whether they are the whole file. */
  readonly isWhole: boolean;
  /** What it was packed with; null if it was not. */
  readonly compression: "gzip" | "zip" | null;
}

/** What a column is for. */
export type ColumnRole = "time" | "end" | "meter" | "metric" | "value_of_day" | "other";

/** A column or property of a file. */
export interface ColumnReport {
  /** Its name. */
  readonly name: string;
  /** What it is for. */
  readonly role: ColumnRole;
  /** The metric it would be imported as; null if none. */
  readonly metric: string | null;
  /** The unit of its values; null if it has none. */
  readonly unit: string | null;
  /** Its first values that are not empty, at most three. */
  readonly samples: readonly string[];
}

/** What a file is and how it would be imported. */
export interface Inspection {
  /** What it is. */
  readonly kind: ContentKind;
  /** Whether an import reads it with the parameters. */
  readonly isImportable: boolean;
  /** Its encoding; null if it is not text. */
  readonly encoding: EncodingGuess | null;
  /** How its table is written and what is in it; null if it has none. */
  readonly table: TableReport | null;
  /** Its columns or properties. */
  readonly columns: readonly ColumnReport[];
  /** The meters in it; null if no column names any. */
  readonly meter: MeterReport | null;
  /** Its times; null if it has none that were recognized. */
  readonly time: TimeReport | null;
  /** From one time to the next, as in `interval`; null if it is not known. */
  readonly interval: string | null;
  /** Whether times are starts or ends of intervals; null where it makes no difference. */
  readonly stamp: "start" | "end" | null;
  /** What the values of energy are; null without energy. */
  readonly values: "interval" | "cumulative" | null;
  /** How readings are laid out; null if it is not a table. */
  readonly layout: "long" | "day-per-row" | null;
  /** Whether times need a zone that neither the file nor the preset shows. */
  readonly isZoneNeeded: boolean;
  /** The presets that fit, the best one first. */
  readonly presets: readonly Preset[];
  /** The parameters of the import. */
  readonly parameters: Parameters;
  /** Whether the file holds several meters, so that they go to `POST /api/readings`. */
  readonly hasManyMeters: boolean;
  /** What the file does not prove. */
  readonly doubts: readonly Doubt[];
}

/** The meters of a file. */
export interface MeterReport {
  /** The column of their ids; null if the format has a place of its own for them. */
  readonly column: string | null;
  /** The first ids. */
  readonly ids: readonly string[];
  /** How many there are in the part that was read. */
  readonly count: number;
}

/** How a table is written. */
export interface TableReport {
  /** The character between fields. */
  readonly delimiter: string;
  /** The decimal point. */
  readonly decimal: string;
  /** What parts thousands; null if nothing does. */
  readonly thousands: string | null;
  /** The line of the header; null if there is none. */
  readonly headerLine: number | null;
  /** The lines before it, the first 20. */
  readonly preamble: readonly string[];
}

/** The times of a file. */
export interface TimeReport {
  /** The columns. */
  readonly columns: readonly string[];
  /** Their form, as in `timestamp_format`. */
  readonly format: string;
  /** All forms that fit, if rows do not prove one. */
  readonly formats: readonly string[];
  /** Whether each time has an offset from UTC. */
  readonly hasOffset: boolean;
  /** The first one. */
  readonly sample: string;
}

/** A file that cannot be imported. */
export function unknownFile(
  kind: ContentKind,
  encoding: EncodingGuess | null = null,
): Inspection {
  return {
    kind,
    isImportable: false,
    encoding,
    table: null,
    columns: [],
    meter: null,
    time: null,
    interval: null,
    stamp: null,
    values: null,
    layout: null,
    isZoneNeeded: false,
    presets: [],
    parameters: {},
    hasManyMeters: false,
    doubts: [],
  };
}
