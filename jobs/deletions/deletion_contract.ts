/**
 * What the routes that create deletions and the jobs that carry them out share.
 *
 * @module
 */

import { z } from "zod";
import type { Span } from "../../data/readings/page.ts";
import type { ProfileName } from "../../data/readings/profile.ts";

/** The kind of job that deletes the readings of a span. */
export const DELETE_READINGS = "delete_readings";
/** The kind of job that deletes a device. */
export const DELETE_DEVICE = "delete_device";
/** The kind of job that deletes a store. */
export const DELETE_STORE = "delete_store";

/** All kinds of deletions. */
export const DELETIONS: readonly string[] = [DELETE_READINGS, DELETE_DEVICE, DELETE_STORE];

/** Which readings to delete: those of a series in a half-open span, epoch milliseconds. */
export interface DeleteReadingsParams extends Span {
  /** The profile of the series. */
  readonly profile: ProfileName;
  /** The id of the series. */
  readonly id: string;
}

/** Which device to delete. */
export interface DeleteDeviceParams {
  /** Its id. */
  readonly id: string;
  /** Its profile. */
  readonly profile: ProfileName;
  /**
   * When it was created, epoch milliseconds. It tells the device from one that messages create anew
   * under the same id once the deletion has begun.
   */
  readonly createdMs: number;
}

/** Which store to delete. */
export interface DeleteStoreParams {
  /** Its id. */
  readonly id: string;
}

/** The result of a deletion. */
export interface DeletionResult {
  /** How many readings the last run of the job deleted. */
  readonly readingCount: number;
}

/** {@link DeleteReadingsParams} as they are stored. */
export const deleteReadingsParams: z.ZodType<DeleteReadingsParams> = z.object({
  profile: z.string(),
  id: z.string(),
  fromMs: z.number(),
  toMs: z.number(),
});

/** {@link DeleteDeviceParams} as they are stored. */
export const deleteDeviceParams: z.ZodType<DeleteDeviceParams> = z.object({
  id: z.string(),
  profile: z.string(),
  createdMs: z.number(),
});

/** {@link DeleteStoreParams} as they are stored. */
export const deleteStoreParams: z.ZodType<DeleteStoreParams> = z.object({ id: z.string() });

/** {@link DeletionResult} as it is stored. */
export const deletionResult: z.ZodType<DeletionResult> = z.object({ readingCount: z.int() });
