/**
 * The definitions of the profiles that users made.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["profile", name]` | {@link ProfileRecord} | whoever defines, changes or deletes a profile, under a check of the version that was read |
 * | `["profile"]` | `true`; its versionstamp is that of the last change of any profile | with every change |
 *
 * A profile that was deleted keeps its record, so that its versions stay in order and its name never
 * means two things under the same `life`.
 *
 * @module
 */

import { z } from "zod";
import { AppError } from "../../data/app_error.ts";
import {
  AGGREGATES,
  type Metric,
  type Profile,
  type ProfileName,
} from "../../data/readings/profile.ts";
import type { Staging } from "../budget.ts";

const SPACE = "profile";
const LIST_BATCH = 100;

const recordSchema = z.object({
  v: z.literal(1),
  state: z.enum(["live", "deleted"]),
  life: z.int(),
  title: z.string().nullable(),
  // Earlier versions did not store it.
  retentionDays: z.int().nullable().default(null),
  metrics: z.array(z.object({
    name: z.string(),
    unit: z.string(),
    label: z.string().nullable(),
    min: z.number().nullable(),
    max: z.number().nullable(),
    aggregate: z.enum(AGGREGATES),
    isRequired: z.boolean(),
  })),
  // Earlier versions did not store it.
  maker: z.string().nullable().default(null),
});

/**
 * A definition. `life` grows with every change that is more than an extension, and when a profile is
 * defined anew after it was deleted. `min` and `max` are null where a metric has no bound. `maker` is
 * who made it, if that is somebody who may make only some.
 */
export type ProfileRecord = z.infer<typeof recordSchema>;

/** A definition and the version at which it was read. */
export interface ProfileEntry {
  /** Its key, for checks. */
  readonly key: Deno.KvKey;
  /** The definition; null if there never was one. */
  readonly value: ProfileRecord | null;
  /** Version of its last change. */
  readonly versionstamp: string | null;
}

/** Reads a definition. */
export async function getDefinition(
  kv: Pick<Deno.Kv, "get">,
  name: ProfileName,
): Promise<ProfileEntry> {
  return entryOf(await kv.get([SPACE, name]));
}

/** All definitions, by name. */
export async function listDefinitions(
  kv: Pick<Deno.Kv, "list">,
): Promise<{ name: ProfileName; entry: ProfileEntry }[]> {
  const all: { name: ProfileName; entry: ProfileEntry }[] = [];
  for await (const entry of kv.list({ prefix: [SPACE] }, { batchSize: LIST_BATCH })) {
    all.push({ name: String(entry.key[1]), entry: entryOf(entry) });
  }
  return all;
}

/** The version of the last change of any definition; null if there was none. */
export async function lastDefinitionChange(kv: Pick<Deno.Kv, "get">): Promise<string | null> {
  return (await kv.get([SPACE])).versionstamp;
}

/** Adds the writing of a definition to a commit, which must check that it did not change meanwhile. */
export function stageDefinition(op: Staging, { key }: ProfileEntry, to: ProfileRecord): void {
  op.set(key, to);
  op.set([SPACE], true);
}

/** The profile that a definition describes; null if it was deleted or never made. */
export function profileOf(name: ProfileName, { value }: ProfileEntry): Profile | null {
  if (value?.state !== "live") return null;
  const metrics = value.metrics.map(({ label, min, max, isRequired, ...metric }): Metric => ({
    ...metric,
    ...(label === null ? {} : { label }),
    min: min ?? -Number.MAX_VALUE,
    max: max ?? Number.MAX_VALUE,
    ...(isRequired ? { isRequired } : {}),
  }));
  const { title, life, retentionDays } = value;
  return {
    name,
    idColumn: "device_id",
    ...(title === null ? {} : { title }),
    ...(retentionDays === null ? {} : { retentionDays }),
    life,
    metrics,
  };
}

/** The definition of a profile with these metrics. */
export function definitionOf(
  { title, retentionDays, metrics }: Pick<Profile, "title" | "retentionDays" | "metrics">,
  { life, maker }: Pick<ProfileRecord, "life" | "maker">,
): ProfileRecord {
  return {
    v: 1,
    state: "live",
    life,
    title: title ?? null,
    retentionDays: retentionDays ?? null,
    metrics: metrics.map(({ name, unit, label, min, max, aggregate, isRequired }) => ({
      name,
      unit,
      label: label ?? null,
      min: min === -Number.MAX_VALUE ? null : min,
      max: max === Number.MAX_VALUE ? null : max,
      aggregate,
      isRequired: isRequired ?? false,
    })),
    maker,
  };
}

/** The error for a profile that does not exist. */
export function unknownProfile(name: ProfileName): AppError {
  return new AppError("PROFILE_NOT_FOUND", `There is no profile ${name}`);
}

function entryOf({ key, value, versionstamp }: Deno.KvEntryMaybe<unknown>): ProfileEntry {
  return { key, value: versionstamp === null ? null : recordSchema.parse(value), versionstamp };
}
