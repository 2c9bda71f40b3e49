/**
 * Who hears of the end of a job, and where its file goes. The record of the job stores both beside its
 * parameters.
 *
 * @module
 */

/** Who hears how a job ended. */
export interface NotifyTargets {
  /** Addresses, each of which gets a mail of its own. */
  readonly email?: readonly string[];
  /** Ids of webhooks. */
  readonly webhook?: readonly string[];
}

/** Where the file of a job goes. */
export interface DeliverTarget {
  /** `email`, `webhook`, `folder` or `s3://BUCKET/PREFIX`. */
  readonly to: string;
  /** The addresses of `email`. */
  readonly email?: readonly string[];
  /** The ids of `webhook`. */
  readonly webhook?: readonly string[];
  /** The template of the name in a folder or bucket; `{filename}` if absent. */
  readonly name?: string;
}

/** Who made a job, if not a request. Its mails are cancelled together. */
export interface JobOrigin {
  /** The kind. */
  readonly kind: "schedule";
  /** Its id. */
  readonly id: string;
}

/** What happens when a job has ended, as its record stores it. */
export interface JobTargets {
  /** Who hears of it. */
  readonly notify?: NotifyTargets;
  /** Where its file goes. */
  readonly deliver?: readonly DeliverTarget[];
  /** What made the job; absent for a request. */
  readonly origin?: JobOrigin;
}

/** The most addresses of one request, in all its fields together. */
export const MAIL_ADDRESSES_MAX = 20;
/** The most webhooks of one request, in all its fields together. */
export const TARGET_WEBHOOKS_MAX = 20;
/** The most places to which one request delivers. */
export const DELIVER_MAX = 10;
/** The name of a delivered file if the request has no template. */
export const DEFAULT_NAME = "{filename}";

/** Whether a target is a folder or a bucket. */
export function isPlace({ to }: DeliverTarget): boolean {
  return to === "folder" || to.startsWith("s3://");
}

/** Whether a place of S3 is another one or below it. */
export function isBelowPlace(place: string, other: string): boolean {
  return `${place.replace(/\/$/, "")}/`.startsWith(`${other.replace(/\/$/, "")}/`);
}

/** All addresses of a request. */
export function addressesOf({ notify, deliver = [] }: JobTargets): string[] {
  return [...notify?.email ?? [], ...deliver.flatMap(({ email }) => email ?? [])];
}

/** The ids of all webhooks of a request. */
export function webhooksOf({ notify, deliver = [] }: JobTargets): string[] {
  return [...notify?.webhook ?? [], ...deliver.flatMap(({ webhook }) => webhook ?? [])];
}
