/**
 * What the routes that create deletions and the jobs that carry them out share.
 *
 * @module
 */

import { z } from "zod";
import type { Span } from "../../data/readings/page.ts";
import type { ProfileName } from "../../data/readings/profile.ts";
import type { Json } from "../engine/transitions.ts";

/** The kind of job that deletes the readings of a span. */
export const DELETE_READINGS = "delete_readings";
/** The kind of job that deletes a device. */
export const DELETE_DEVICE = "delete_device";
/** The kind of job that deletes a meter. */
export const DELETE_METER = "delete_meter";
/** The kind of job that deletes a store. */
export const DELETE_STORE = "delete_store";
/** The kind of job that deletes several of one sort, or the readings of a span of each. */
export const DELETE_MANY = "delete_many";

/** All kinds of deletions. */
export const DELETIONS = [
  DELETE_READINGS,
  DELETE_DEVICE,
  DELETE_METER,
  DELETE_STORE,
  DELETE_MANY,
] as const;

/** The name of a kind of deletion. */
export type DeletionKind = typeof DELETIONS[number];

/** What can be deleted. */
export const SUBJECTS = ["meter", "device", "store"] as const;

/** One of {@link SUBJECTS}. */
export type Subject = typeof SUBJECTS[number];

/** Which readings to delete: those of a series in a half-open span, epoch milliseconds. */
export interface DeleteReadingsParams extends Span {
  /** What the series belongs to; earlier versions did not store it. */
  readonly subject?: Subject;
  /** The profile of the series. */
  readonly profile: ProfileName;
  /** The id of the series. */
  readonly id: string;
  /** Whether the objects of continuous export are deleted too; by default not. */
  readonly objects?: boolean;
}

/** Which device to delete. */
export interface DeleteDeviceParams {
  /** Absent in records of earlier versions. */
  readonly subject?: "device";
  /** Its id. */
  readonly id: string;
  /** Its profile. */
  readonly profile: ProfileName;
  /**
   * When it was created, epoch milliseconds. It tells the device from one that messages create anew
   * under the same id once the deletion has begun. Null if there is no such device, only objects of one
   * that was deleted before.
   */
  readonly createdMs: number | null;
  /** Whether the objects of continuous export are deleted too; by default not. */
  readonly objects?: boolean;
}

/** Which meter to delete. */
export interface DeleteMeterParams {
  /** Always this. */
  readonly subject: "meter";
  /** Its id. */
  readonly id: string;
  /** The profile that it had when the deletion was requested. */
  readonly profile: ProfileName;
}

/** Which store to delete. */
export interface DeleteStoreParams {
  /** Absent in records of earlier versions. */
  readonly subject?: "store";
  /** Its id. */
  readonly id: string;
}

/**
 * What to delete of many. Devices that were created after the job are not deleted.
 */
export interface DeleteManyParams {
  /** What they are. */
  readonly subject: Subject;
  /** Their ids. */
  readonly ids: readonly string[];
  /** The span of the readings to delete, epoch milliseconds; null if all goes. */
  readonly span: Span | null;
  /** Whether the objects of continuous export are deleted too; by default not. */
  readonly objects?: boolean;
  /** A digest of the request, by which its repetition is known although it finds less by then. */
  readonly asked: string;
}

/** How many objects of continuous export were deleted, and how many were written again. */
export interface ObjectCounts {
  /** Those that had nothing else. */
  readonly deleted: number;
  /** Those that have other readings too. */
  readonly rewritten: number;
}

/** The result of a deletion. Earlier versions stored only the readings. */
export interface DeletionResult {
  /** How many readings the last run of the job deleted. */
  readonly readingCount: number;
  /** Of how many meters, devices or stores. */
  readonly targetCount?: number;
  /** What happened to their objects; null if they were not to be deleted. */
  readonly objects?: ObjectCounts | null;
}

const subject = z.enum(SUBJECTS);
const objects = z.boolean().optional();

/** {@link DeleteReadingsParams} as they are stored. */
export const deleteReadingsParams: z.ZodType<DeleteReadingsParams> = z.object({
  subject: subject.optional(),
  profile: z.string(),
  id: z.string(),
  fromMs: z.number(),
  toMs: z.number(),
  objects,
});

/** {@link DeleteDeviceParams} as they are stored. */
export const deleteDeviceParams: z.ZodType<DeleteDeviceParams> = z.object({
  subject: z.literal("device").optional(),
  id: z.string(),
  profile: z.string(),
  createdMs: z.number().nullable(),
  objects,
});

/** {@link DeleteMeterParams} as they are stored. */
export const deleteMeterParams: z.ZodType<DeleteMeterParams> = z.object({
  subject: z.literal("meter"),
  id: z.string(),
  profile: z.string(),
});

/** {@link DeleteStoreParams} as they are stored. */
export const deleteStoreParams: z.ZodType<DeleteStoreParams> = z.object({
  subject: z.literal("store").optional(),
  id: z.string(),
});

/** {@link DeleteManyParams} as they are stored. */
export const deleteManyParams: z.ZodType<DeleteManyParams> = z.object({
  subject,
  ids: z.array(z.string()),
  span: z.object({ fromMs: z.number(), toMs: z.number() }).nullable(),
  objects,
  asked: z.string(),
});

/** {@link DeletionResult} as it is stored. */
export const deletionResult: z.ZodType<DeletionResult> = z.object({
  readingCount: z.int(),
  targetCount: z.int().optional(),
  objects: z.object({ deleted: z.int(), rewritten: z.int() }).nullable().optional(),
});

/** A kind of deletion and its parameters. */
export type Deletion =
  | { readonly kind: typeof DELETE_READINGS; readonly params: DeleteReadingsParams }
  | { readonly kind: typeof DELETE_DEVICE; readonly params: DeleteDeviceParams }
  | { readonly kind: typeof DELETE_METER; readonly params: DeleteMeterParams }
  | { readonly kind: typeof DELETE_STORE; readonly params: DeleteStoreParams }
  | { readonly kind: typeof DELETE_MANY; readonly params: DeleteManyParams };

/** What a deletion is about, whichever kind it is. */
export interface DeletionScope {
  /** What is deleted. */
  readonly subject: Subject;
  /** The ids. */
  readonly ids: readonly string[];
  /** The span of the readings, epoch milliseconds; null if all goes. */
  readonly span: Span | null;
  /** Whether the objects of continuous export are deleted too. */
  readonly objects: boolean;
}

/** Whether a kind of job is a deletion. */
export function isDeletionKind(kind: string): kind is DeletionKind {
  return DELETIONS.some((one) => one === kind);
}

/** Reads the stored parameters of a deletion. Throws if they are not those of its kind. */
export function deletionOf(kind: DeletionKind, params: unknown): Deletion {
  switch (kind) {
    case DELETE_READINGS:
      return { kind, params: deleteReadingsParams.parse(params) };
    case DELETE_DEVICE:
      return { kind, params: deleteDeviceParams.parse(params) };
    case DELETE_METER:
      return { kind, params: deleteMeterParams.parse(params) };
    case DELETE_STORE:
      return { kind, params: deleteStoreParams.parse(params) };
    case DELETE_MANY:
      return { kind, params: deleteManyParams.parse(params) };
  }
}

/** The parameters of a deletion as they are stored. */
export function storedParams({ params }: Deletion): Json {
  return JSON.parse(JSON.stringify(params));
}

/** What a deletion is about. */
export function scopeOf({ kind, params }: Deletion): DeletionScope {
  switch (kind) {
    case DELETE_READINGS: {
      const { fromMs, toMs, id, objects = false } = params;
      return { subject: subjectOf(params), ids: [id], span: { fromMs, toMs }, objects };
    }
    case DELETE_MANY: {
      const { subject, ids, span, objects = false } = params;
      return { subject, ids, span, objects };
    }
    case DELETE_DEVICE:
      return { subject: "device", ids: [params.id], span: null, objects: params.objects ?? false };
    case DELETE_METER:
      return { subject: "meter", ids: [params.id], span: null, objects: false };
    case DELETE_STORE:
      return { subject: "store", ids: [params.id], span: null, objects: false };
  }
}

/** Earlier versions knew the subject by the profile: those of stores and meters were fixed. */
function subjectOf({ subject, profile }: DeleteReadingsParams): Subject {
  return subject ?? (profile === "site" ? "store" : profile === "meter" ? "meter" : "device");
}
