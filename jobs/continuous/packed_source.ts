/**
 * A source of telemetry that hands over readings as they are stored, so that a worker decodes them.
 *
 * @module
 */

import type { SourcePart, TelemetrySource } from "../../data/continuous/telemetry_source.ts";
import type { Span } from "../../data/readings/page.ts";
import { type PackedChunk, packedPages, type PackedRead } from "../../kv/series/packed_read.ts";
import type { SeriesRef } from "../../kv/series/ref.ts";

/** What is the same for all readings of a read. */
export interface PackedHead extends Omit<SourcePart, "page"> {
  /** The series. */
  readonly ref: SeriesRef;
}

/** The readings of a device as they are stored. */
export interface PackedDevice extends PackedRead {
  /** What they have in common. */
  readonly head: PackedHead;
}

/** Reads telemetry, also as it is stored. */
export interface PackedSource extends TelemetrySource {
  /** The same readings as those of `read`, as they are stored; null if the device is unknown. */
  readPacked(deviceId: string, span: Span, signal: AbortSignal): Promise<PackedDevice | null>;
}

/** Chunks, decoded. `onPage` gets the number of readings of each page. */
export async function* unpackedParts(
  { ref, ...common }: PackedHead,
  chunks: AsyncIterable<PackedChunk>,
  onPage: (readings: number) => void,
): AsyncGenerator<SourcePart> {
  const width = common.profile.metrics.length;
  for await (const page of packedPages(ref, chunks, { width })) {
    onPage(page.timesMs.length);
    yield { ...common, page };
  }
}
