/**
 * Which ids a caller may touch, as routes ask for it.
 *
 * @module
 */

import type { Caller, Kind } from "../../data/access/caller.ts";
import type { MayTouch } from "../../data/access/touch_rule.ts";
import { AppError } from "../../data/app_error.ts";
import type { ProfileEditor } from "../../kv/profiles/editor.ts";

/** The test of the ids of a kind; undefined if the caller may touch all, so that nothing is tested. */
export function touchOf(caller: Caller, kind: Kind): MayTouch | undefined {
  return caller.isRestricted[kind] ? (id) => caller.mayTouch(kind, id) : undefined;
}

/**
 * Refuses to create or change something whose id the caller may not touch. The error is the same
 * whether it exists or not. Where a route only finds, use its error for what does not exist instead.
 *
 * @throws {AppError} FORBIDDEN.
 */
export function requireTouch(caller: Caller, kind: Kind, id: string): void {
  if (caller.mayTouch(kind, id)) return;
  throw new AppError("FORBIDDEN", `Your key may not touch the ${kind} '${id}'`);
}

/** Who changes profiles, if the caller may not touch every device and meter; otherwise undefined. */
export function editorOf(caller: Caller): ProfileEditor | undefined {
  const { owner, isRestricted } = caller;
  if (!isRestricted.device && !isRestricted.meter) return undefined;
  return { owner, mayTouch: ({ kind, id }) => caller.mayTouch(kind, id) };
}

/**
 * Gives an id a profile. A device and a meter with one id cannot both have a profile of users, so the
 * error may be about something of the other kind: it names that only if the caller may touch it.
 *
 * @throws {AppError} ID_TAKEN, and what the step throws.
 */
export async function withoutHiddenTaker<T>(
  caller: Caller,
  taker: { readonly kind: "device" | "meter"; readonly id: string },
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const isTaken = error instanceof AppError && error.code === "ID_TAKEN";
    if (!isTaken || caller.mayTouch(taker.kind, taker.id)) throw error;
    const detail = `The id ${taker.id} cannot have this profile`;
    const details = "Choose another id or another profile";
    throw new AppError("ID_TAKEN", detail, { details, cause: error });
  }
}
