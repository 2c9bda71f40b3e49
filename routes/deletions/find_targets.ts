/**
 * The meters, devices or stores that a request names by ids and patterns.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import { matchesPattern } from "../../data/access/id_pattern.ts";
import { nextVisiblePlace } from "../../data/access/visible_ids.ts";
import { AppError, type ErrorCode } from "../../data/app_error.ts";
import { DELETION_TARGETS_MAX } from "../../data/limits.ts";
import type { Subject } from "../../jobs/deletions/deletion_contract.ts";
import { listExportCheckpoints } from "../../kv/continuous/checkpoints.ts";
import { listDevices } from "../../kv/devices/devices.ts";
import { listStores, type StoreInfoDeps } from "../../kv/stores/info.ts";
import { invalidRequest } from "../http/problem.ts";
import { listMeters } from "../../kv/meters/list.ts";
import { SUBJECT_NAMES } from "./deletion_body.ts";

/** What finding needs. */
export type FindDeps = StoreInfoDeps;

/** What to find. */
export interface Wanted {
  /** What it is. */
  readonly subject: Subject;
  /** Ids and patterns. */
  readonly texts: readonly string[];
  /** Whether devices also count that are gone, but have been exported continuously. */
  readonly objects: boolean;
}

/** What a request names. */
export interface Found {
  /** The ids, ascending, each once. */
  readonly ids: readonly string[];
  /** The texts that name nothing, in their order. */
  readonly notFound: readonly string[];
}

/** A list in the order of ids. It returns fewer entries than the limit only at its end. */
type List = (page: { afterId: string; limit: number }) => Promise<readonly { id: string }[]>;

/** How many entries of a list are read at once. */
const READ_IDS = 500;

const MISSING: Readonly<Record<Subject, ErrorCode>> = {
  meter: "SMART_METER_NOT_FOUND",
  device: "DEVICE_NOT_FOUND",
  store: "STORE_NOT_FOUND",
};

/**
 * Finds what exists for the caller.
 *
 * @throws {AppError} INVALID_REQUEST if it is too much for one request, and the error for an unknown
 * meter, device or store if nothing is found.
 */
export async function findWanted(deps: FindDeps, caller: Caller, wanted: Wanted): Promise<Found> {
  const { subject, texts } = wanted;
  const ids = new Set<string>();
  const notFound: string[] = [];
  for (const text of texts) {
    let isNamed = false;
    for (const list of listsOf(deps, wanted)) {
      for await (const id of matchingIds(list, text)) {
        if (!caller.mayTouch(subject, id)) continue;
        isNamed = true;
        ids.add(id);
        if (ids.size > DELETION_TARGETS_MAX) throw tooMany(subject);
      }
    }
    if (!isNamed) notFound.push(text);
  }
  if (ids.size > 0) return { ids: [...ids].toSorted(), notFound };
  throw new AppError(MISSING[subject], `None of these ${SUBJECT_NAMES[subject]} exist`);
}

/** The ids of a list that a text names. One that is no pattern costs a read of one entry. */
async function* matchingIds(list: List, text: string): AsyncGenerator<string> {
  const limit = text.includes("*") ? READ_IDS : 1;
  for (let place = nextVisiblePlace([text], ""); place !== null;) {
    const read = await list({ afterId: place, limit });
    for (const { id } of read) if (matchesPattern(text, id)) yield id;
    if (read.length < limit || limit === 1) return;
    place = nextVisiblePlace([text], read[read.length - 1].id);
  }
}

function tooMany(subject: Subject): AppError {
  const things = SUBJECT_NAMES[subject];
  const detail = `${things} must name at most ${DELETION_TARGETS_MAX}; these name more`;
  return invalidRequest([{ pointer: `/${things}`, detail }]);
}

function listsOf(deps: FindDeps, { subject, objects }: Wanted): List[] {
  const { kv } = deps;
  if (subject === "meter") return [(page) => listMeters(deps, page)];
  if (subject === "store") return [(page) => listStores(deps, page)];
  const devices: List = (page) => listDevices(kv, page);
  return objects ? [devices, (page) => listExportCheckpoints(kv, page)] : [devices];
}
