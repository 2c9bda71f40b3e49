/**
 * Leases of duties: the right of one process to do what two must not do at the same time.
 *
 * | key | value | who writes |
 * |---|---|---|
 * | `["lease", name]` | {@link Lease} | the process that takes, renews or releases it |
 *
 * | from | to | when |
 * |---|---|---|
 * | free, expired, or of a dead owner | held | taken: epoch +1 |
 * | held | held | renewed by its owner under the same epoch |
 * | held | free | released: `untilMs` 0, the cursor stays |
 *
 * @module
 */

import { z } from "zod";

/** First part of the keys. */
export const LEASE_SPACE = "lease";

const leaseSchema = z.object({
  v: z.literal(1),
  owner: z.string(),
  epoch: z.int(),
  untilMs: z.number(),
  cursor: z.json(),
});

/** A lease. `cursor` is the progress of its duty, in a form that the duty defines. */
export type Lease = z.infer<typeof leaseSchema>;

/** A request to take or renew a lease. */
export interface LeaseRequest {
  /** The name of the lease. */
  readonly name: string;
  /** The process that takes it. */
  readonly owner: string;
  /** Epoch milliseconds now. */
  readonly nowMs: number;
  /** When it expires, epoch milliseconds. */
  readonly untilMs: number;
  /** Whether every other owner is known to be dead. */
  readonly isExclusive: boolean;
}

/** The name of a lease that some process holds; null if none is held. */
export async function findHeldLease(
  kv: Pick<Deno.Kv, "list">,
  nowMs: number,
): Promise<string | null> {
  for await (const { key, value } of kv.list({ prefix: [LEASE_SPACE] })) {
    if (leaseSchema.parse(value).untilMs > nowMs) return String(key[1]);
  }
  return null;
}

/** A lease as it was written last. */
export interface WrittenLease {
  /** The lease. */
  readonly lease: Lease;
  /** The version of its entry. */
  readonly versionstamp: string;
}

/** Takes a free lease or renews one's own. Null if another process holds it. */
export async function takeLease(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  request: LeaseRequest,
): Promise<Lease | null> {
  return (await takeWrittenLease(kv, request))?.lease ?? null;
}

/**
 * Renews a lease without a read. Null if it has changed since it was written, such as its cursor: take
 * it then.
 */
export async function renewLease(
  kv: Pick<Deno.Kv, "atomic">,
  { name, untilMs }: Pick<LeaseRequest, "name" | "untilMs">,
  { lease, versionstamp }: WrittenLease,
): Promise<WrittenLease | null> {
  const key = [LEASE_SPACE, name];
  const next = { ...lease, untilMs };
  const result = await kv.atomic().check({ key, versionstamp }).set(key, next).commit();
  return result.ok ? { lease: next, versionstamp: result.versionstamp } : null;
}

/** The same as {@link takeLease}, with the version that {@link renewLease} needs. */
export async function takeWrittenLease(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  { name, owner, nowMs, untilMs, isExclusive }: LeaseRequest,
): Promise<WrittenLease | null> {
  const key = [LEASE_SPACE, name];
  const entry = await kv.get(key);
  const held = entry.versionstamp === null ? null : leaseSchema.parse(entry.value);
  const isOwn = held?.owner === owner && held.untilMs > 0;
  if (held !== null && !isOwn && held.untilMs > nowMs && !isExclusive) return null;
  const epoch = held === null ? 1 : isOwn ? held.epoch : held.epoch + 1;
  const lease: Lease = { v: 1, owner, epoch, untilMs, cursor: held?.cursor ?? null };
  const result = await kv.atomic().check(entry).set(key, lease).commit();
  return result.ok ? { lease, versionstamp: result.versionstamp } : null;
}

/** Stores the cursor of a duty. False if the lease belongs to another process by now. */
export async function keepCursor(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  name: string,
  lease: Lease,
): Promise<boolean> {
  const key = [LEASE_SPACE, name];
  const entry = await kv.get(key);
  const held = entry.versionstamp === null ? null : leaseSchema.parse(entry.value);
  if (held === null || held.epoch !== lease.epoch || held.owner !== lease.owner) return false;
  const result = await kv.atomic().check(entry).set(key, { ...held, cursor: lease.cursor })
    .commit();
  return result.ok;
}

/** Releases a lease, so that others need not wait. False if it is another's by now. */
export async function giveUpLease(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  name: string,
  owner: string,
): Promise<boolean> {
  const key = [LEASE_SPACE, name];
  const entry = await kv.get(key);
  const held = entry.versionstamp === null ? null : leaseSchema.parse(entry.value);
  if (held?.owner !== owner) return false;
  return (await kv.atomic().check(entry).set(key, { ...held, untilMs: 0 }).commit()).ok;
}

/** Whether some process holds a lease now. */
export async function isLeaseHeld(
  kv: Pick<Deno.Kv, "get">,
  name: string,
  nowMs: number,
): Promise<boolean> {
  const entry = await kv.get([LEASE_SPACE, name]);
  return entry.versionstamp !== null && leaseSchema.parse(entry.value).untilMs > nowMs;
}
