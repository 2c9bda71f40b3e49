/**
 * Creating many devices in few commits, such as those of the first batch of a gateway.
 *
 * @module
 */

import { SHARED_MAX_CHECKS } from "../budget.ts";
import type { Settled } from "../together.ts";
import {
  createDevice,
  type DeviceRecord,
  type NewDevice,
  type PreparedDevice,
  prepareDevice,
} from "./devices.ts";

/** A device to create. */
export interface NamedDevice {
  /** Its id. */
  readonly id: string;
  /** Its initial fields. */
  readonly device: NewDevice;
}

/** Commits at the same time. */
const COMMITS = 4;

/**
 * Creates devices, or finds those that are there already, as `createDevice()` does. As many share a
 * commit as it may check. If it fails, as somebody else has created one of them, each gets its own.
 */
export async function createDevices(
  kv: Pick<Deno.Kv, "get" | "atomic">,
  devices: readonly NamedDevice[],
): Promise<Settled<DeviceRecord>> {
  const results: PromiseSettledResult<DeviceRecord>[] = [];
  const prepared = await Promise.allSettled(
    devices.map(({ id, device }) => prepareDevice(kv, id, device)),
  );
  const ready: number[] = [];
  prepared.forEach((one, index) => {
    if (one.status === "rejected") results[index] = one;
    else ready.push(index);
  });

  async function createGroup(group: readonly number[]): Promise<void> {
    const own = group.map((index) => valueOf(prepared[index]));
    const op = kv.atomic();
    for (const { stage } of own) stage(op);
    const isDone = group.length > 1 && (await op.commit()).ok;
    const records = isDone
      ? own.map(({ record }): PromiseSettledResult<DeviceRecord> => fulfilled(record))
      : await Promise.allSettled(
        group.map((index) => createDevice(kv, devices[index].id, devices[index].device)),
      );
    group.forEach((index, place) => results[index] = records[place]);
  }

  const groups = groupsOf(ready, {
    idOf: (index) => devices[index].id,
    checksOf: (index) => valueOf(prepared[index]).checks,
  });
  for (let at = 0; at < groups.length; at += COMMITS) {
    const some = groups.slice(at, at + COMMITS);
    const ended = await Promise.allSettled(some.map(createGroup));
    ended.forEach((end, place) => {
      if (end.status === "rejected") { for (const index of some[place]) results[index] = end; }
    });
  }
  return results;
}

/** Groups that have at most as many checks as a commit may have everywhere, and each device once. */
function groupsOf(
  indexes: readonly number[],
  { idOf, checksOf }: { idOf: (index: number) => string; checksOf: (index: number) => number },
): (readonly number[])[] {
  const groups: number[][] = [];
  let checks = Infinity;
  const ids = new Set<string>();
  for (const index of indexes) {
    checks += checksOf(index);
    if (checks > SHARED_MAX_CHECKS || ids.has(idOf(index))) {
      groups.push([]);
      checks = checksOf(index);
      ids.clear();
    }
    ids.add(idOf(index));
    groups[groups.length - 1].push(index);
  }
  return groups;
}

function valueOf(result: PromiseSettledResult<PreparedDevice>): PreparedDevice {
  if (result.status === "fulfilled") return result.value;
  throw result.reason;
}

function fulfilled<T>(value: T): PromiseSettledResult<T> {
  return { status: "fulfilled", value };
}
