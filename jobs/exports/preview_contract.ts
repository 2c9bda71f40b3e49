/**
 * What a preview says about an export, for the routes.
 *
 * @module
 */

import type { ExportSpec } from "../../data/exports/spec.ts";
import type { Profile } from "../../data/readings/profile.ts";

/** How large an export will be. */
export interface ExportEstimate {
  /** Rows of the file. */
  readonly rows: number;
  /** Readings that the rows are made of. */
  readonly readings: number;
  /** Whether both are exact. */
  readonly isExact: boolean;
  /** How many sources have readings. */
  readonly sourcesWithReadings: number;
  /** How many readings are missing at the cadence of the sources; null if it is unknown. */
  readonly missing: number | null;
}

/** The beginning of an export. */
export interface ExportPreview extends ExportEstimate {
  /** The name of the file. */
  readonly filename: string;
  /** Its media type. */
  readonly contentType: string;
  /** Its size in bytes, estimated from the rows at its beginning. */
  readonly sizeBytes: number;
  /** The names of its columns. */
  readonly columns: readonly string[];
  /**
   * A file of its first rows, at most ten; NDJSON for formats that are not text. In a file with a
   * column for each source, they have the columns of at most 100 sources.
   */
  readonly firstRows: string;
  /** How many rows that are. */
  readonly firstRowCount: number;
}

/** Looks at exports before they are made. Fails with SERIES_BUSY while readings are being removed. */
export interface ExportPreviewer {
  /** How large an export will be. */
  estimate(spec: ExportSpec, profile: Profile): Promise<ExportEstimate>;
  /** The beginning of an export. */
  preview(spec: ExportSpec, profile: Profile, signal: AbortSignal): Promise<ExportPreview>;
}
