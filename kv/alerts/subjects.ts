/**
 * Finding what alerts watch: meters, devices and stores.
 *
 * @module
 */

import type { Kind } from "../../data/access/caller.ts";
import { isInScope, type Scope, type Subject } from "../../data/alerts/rule.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import { type DeviceRecord, getDevices, listDevices } from "../devices/devices.ts";
import { listMeters } from "../meters/list.ts";
import { profilesOfMeters } from "../meters/meters.ts";
import type { SeriesStore } from "../series/store.ts";
import { listStores } from "../stores/info.ts";

/** Things that are read at a time. */
const BATCH = 500;

/** What finding needs. */
export interface SubjectDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list">;
  /** The readings. */
  readonly series: Pick<SeriesStore, "describe" | "list" | "latest">;
}

/** A subject; a device also with its record. */
export interface FoundSubject extends Subject {
  /** The record of a device; null for anything else. */
  readonly device: DeviceRecord | null;
}

/** The subjects with these ids, by id. A device without a record is not one; a meter or store may be. */
export async function findSubjects(
  { kv }: Pick<SubjectDeps, "kv">,
  kind: Kind,
  ids: readonly string[],
): Promise<Map<string, FoundSubject>> {
  if (kind === "device") {
    const devices = await getDevices(kv, ids);
    return new Map([...devices].map(([id, { value }]) => [id, deviceSubject(id, value)]));
  }
  if (kind === "store") return new Map(ids.map((id) => [id, storeSubject(id)]));
  const profiles = await profilesOfMeters(kv, ids);
  return new Map(ids.map((id, index) => [id, meterSubject(id, profiles[index])]));
}

/** The subjects of a scope in the order of their ids, after an id, in batches of any size but 0. */
export async function* listSubjects(
  deps: SubjectDeps,
  scope: Scope,
  afterId: string = "",
): AsyncGenerator<FoundSubject[]> {
  for (let lastId = afterId;;) {
    const all = await listKind(deps, scope.kind, lastId);
    const found = all.filter((subject) => isInScope(scope, subject));
    if (found.length > 0) yield found;
    if (all.length < BATCH) return;
    lastId = all[all.length - 1].id;
  }
}

async function listKind(deps: SubjectDeps, kind: Kind, afterId: string): Promise<FoundSubject[]> {
  const page = { afterId, limit: BATCH };
  if (kind === "device") {
    return (await listDevices(deps.kv, page)).map(({ id, device }) => deviceSubject(id, device));
  }
  if (kind === "store") return (await listStores(deps, page)).map(({ id }) => storeSubject(id));
  return (await listMeters(deps, page)).map(({ id, meter }) => meterSubject(id, meter.profile));
}

function deviceSubject(id: string, device: DeviceRecord): FoundSubject {
  const { profile, deviceType, location } = device;
  return { kind: "device", id, profile, deviceType, location, device };
}

function meterSubject(id: string, profile: string): FoundSubject {
  return { kind: "meter", id, profile, deviceType: null, location: null, device: null };
}

function storeSubject(id: string): FoundSubject {
  const { name: profile } = PROFILES.site;
  return { kind: "store", id, profile, deviceType: null, location: null, device: null };
}
