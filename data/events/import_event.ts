/**
 * The event of an upload of readings that has ended.
 *
 * @module
 */

import { type DomainEvent, eventId } from "./event.ts";
import { idsAsSources } from "./id_sources.ts";

/** How many meters the event names. */
const METERS_NAMED = 20;

/** An upload that has ended. */
export interface EndedImport {
  /** An id that no other upload has. */
  readonly id: string;
  /** Who uploaded it. */
  readonly owner: string;
  /** The meters whose readings it has. */
  readonly meters: readonly string[];
  /** What became of its records. */
  readonly counts: Readonly<Record<string, number>>;
  /** The code of the error that cut it short; null if it was read to its end. */
  readonly fault: string | null;
  /** When it ended, epoch milliseconds. */
  readonly endedMs: number;
}

/** The event. */
export function importEvent(
  { id, owner, meters, counts, fault, endedMs }: EndedImport,
): DomainEvent {
  const type = "import.finished";
  const subject = { kind: "import", id } as const;
  return {
    id: eventId({ type, subject, cause: "end" }),
    type,
    subject,
    atMs: endedMs,
    account: owner,
    sources: idsAsSources("meter", meters),
    data: {
      import_id: id,
      meters: meters.slice(0, METERS_NAMED),
      meter_count: meters.length,
      is_complete: fault === null,
      ...(fault === null ? {} : { error: { code: fault } }),
      ...counts,
    },
  };
}
