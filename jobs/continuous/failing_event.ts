/**
 * The event of a device whose continuous export keeps failing. There is one until the export works again.
 *
 * @module
 */

import { type DomainEvent, eventId } from "../../data/events/event.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { ExportCheckpoint } from "../../kv/continuous/checkpoints.ts";

/** The event. The time of its first failure tells it from others of the device. */
export function failingEvent(
  deviceId: string,
  { message, sinceMs, atMs, count }: NonNullable<ExportCheckpoint["fault"]>,
): DomainEvent {
  const type = "continuous_export.failing";
  const subject = { kind: "continuous_export", id: deviceId } as const;
  return {
    id: eventId({ type, subject, cause: sinceMs }),
    type,
    subject,
    atMs,
    account: null,
    data: {
      device_id: deviceId,
      error: { message },
      failures: count,
      failing_since: instantText(sinceMs),
    },
  };
}
