/**
 * Where continuous export gets telemetry from: a small port, behind which are the own series store
 * and InfluxDB.
 *
 * @module
 */

import type { WindowPart } from "./rows.ts";
import type { Span } from "../readings/page.ts";
import type { DeviceProfileName } from "../readings/profile.ts";

/** Some readings of a device, and what the device is. */
export interface SourcePart extends WindowPart {
  /** What it measures; the columns of the page are its metrics. */
  readonly profile: DeviceProfileName;
}

/** Gives readings of devices. */
export interface TelemetrySource {
  /** Ids of all devices there are, each once. Ids that no device can have here are among them. */
  devices(signal: AbortSignal): AsyncIterable<string>;
  /**
   * The readings of a device within a span, ascending and without repeats, in parts of at least one
   * reading; none for a device that is not known. All parts of one read have one profile.
   */
  read(deviceId: string, span: Span, signal: AbortSignal): AsyncIterable<SourcePart>;
}
