/**
 * The file of a job, for those who get it.
 *
 * @module
 */

import type { DomainEvent } from "../events/event.ts";
import { DeliveryFault } from "./channel.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The file of a job. */
export interface JobFile {
  /** The name under which people know it. */
  readonly filename: string;
  /** Its media type. */
  readonly contentType: string;
  /** Its length, bytes. */
  readonly sizeBytes: number;
  /** SHA-256 of its bytes, lower-case hexadecimal. */
  readonly sha256: string;
  /** When it is deleted, epoch milliseconds. */
  readonly expiresMs: number;
  /** Opens it; null if it was deleted. */
  open(): Promise<ReadableStream<Bytes> | null>;
}

/** The file of the job that an event reports; null if it has none, or not any more. */
export type FindFile = (event: DomainEvent) => Promise<JobFile | null>;

/** A link to a file. */
export interface FileLink {
  /** Its whole address. */
  readonly url: string;
  /** Its end, epoch milliseconds. */
  readonly expiresMs: number;
}

/** The fault of a file that was deleted before it was delivered. */
export function fileGone(): DeliveryFault {
  return new DeliveryFault("The file has expired or was deleted before it was delivered", {
    isFinal: true,
  });
}
