/**
 * The port through which continuous export reads telemetry. Implemented by the service's own series
 * store and by InfluxDB.
 *
 * @module
 */

import type { WindowPart } from "./rows.ts";
import type { Span } from "../readings/page.ts";
import type { Profile } from "../readings/profile.ts";

/** Some readings of a device, and its profile, type and location. */
export interface SourcePart extends WindowPart {
  /** The profile. The columns of the page are its metrics. */
  readonly profile: Profile;
}

/** Reads telemetry. */
export interface TelemetrySource {
  /** The ids of all devices, each once. They may include ids that are invalid in this service. */
  devices(signal: AbortSignal): AsyncIterable<string>;
  /**
   * The readings of a device within a span, ascending and without repeated times, in parts of at
   * least one reading; none if the device is unknown. All parts of one read have the same profile.
   */
  read(deviceId: string, span: Span, signal: AbortSignal): AsyncIterable<SourcePart>;
}
