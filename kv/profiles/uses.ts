/**
 * Which devices and meters have which of the profiles that users defined.
 *
 * | key | value | written by |
 * |---|---|---|
 * | `["profile_use", name, kind, id]` | `true`: a device or meter has the profile | the commit that gives or takes it |
 * | `["profile_use", name]` | `true`; its versionstamp is that of the last use that began | the commit that gives it |
 *
 * The second entry keeps a profile from being changed or deleted while it gets its first user: the
 * commit of the change checks it, and so either sees the user or fails. The commit that gives a profile
 * checks the definition in turn (`kv/profiles/definitions.ts`).
 *
 * @module
 */

import { isBuiltIn, type ProfileName } from "../../data/readings/profile.ts";
import { AppError } from "../../data/app_error.ts";
import type { Staging } from "../budget.ts";
import { getDefinition, unknownProfile } from "./definitions.ts";

const SPACE = "profile_use";
const LIST_BATCH = 500;

/** What may have a profile. */
export type ProfileUserKind = "device" | "meter";

/** A device or meter. */
export interface ProfileUser {
  /** What it is. */
  readonly kind: ProfileUserKind;
  /** Its id. */
  readonly id: string;
}

/** What a commit needs that gives a profile to a device or meter. */
export interface ProfileUse {
  /** Which definition of the profile it is (`life`); 0 for a built-in one. */
  readonly life: number;
  /** How many checks it adds. */
  readonly checks: number;
  /**
   * Adds the use to a commit, which fails if the profile has changed since, or if something of the
   * other kind has its id and this profile by now.
   */
  stage(op: Staging & Pick<Deno.AtomicOperation, "check">): void;
}

/**
 * Prepares to give a profile to a device or meter. A device and a meter with the same id cannot both
 * have it, as they would share their readings. Built-in profiles are not recorded: those of devices
 * and that of meters differ.
 *
 * @throws {AppError} PROFILE_NOT_FOUND or ID_TAKEN.
 */
export async function prepareProfileUse(
  kv: Pick<Deno.Kv, "get">,
  name: ProfileName,
  { kind, id }: ProfileUser,
): Promise<ProfileUse> {
  if (isBuiltIn(name)) return { life: 0, checks: 0, stage: () => {} };
  const otherKind: ProfileUserKind = kind === "meter" ? "device" : "meter";
  const [entry, other] = await Promise.all([
    getDefinition(kv, name),
    kv.get([SPACE, name, otherKind, id]),
  ]);
  if (entry.value?.state !== "live") throw unknownProfile(name);
  if (other.versionstamp !== null) throw takenId({ kind: otherKind, id }, name);
  return {
    life: entry.value.life,
    checks: 2,
    stage(op) {
      op.check(entry, other);
      op.set([SPACE, name, kind, id], true);
      op.set([SPACE, name], true);
    },
  };
}

/** Records in a commit that a profile loses a user. */
export function stageProfileUseEnd(
  op: Staging,
  name: ProfileName,
  { kind, id }: ProfileUser,
): void {
  if (!isBuiltIn(name)) op.delete([SPACE, name, kind, id]);
}

/** Some users of a profile, at most `limit`. */
export async function listProfileUsers(
  kv: Pick<Deno.Kv, "list">,
  name: ProfileName,
  limit: number,
): Promise<ProfileUser[]> {
  const users: ProfileUser[] = [];
  for await (const { key } of kv.list({ prefix: [SPACE, name] }, { limit })) {
    users.push(userOf(key));
  }
  return users;
}

/** The first user of a profile that somebody wants; null if there is none. It reads them page by page. */
export async function findProfileUser(
  kv: Pick<Deno.Kv, "list">,
  name: ProfileName,
  isWanted: (user: ProfileUser) => boolean,
): Promise<ProfileUser | null> {
  for await (const { key } of kv.list({ prefix: [SPACE, name] }, { batchSize: LIST_BATCH })) {
    const user = userOf(key);
    if (isWanted(user)) return user;
  }
  return null;
}

/** Whether a device or meter has a profile of users. */
export async function isProfileUser(
  kv: Pick<Deno.Kv, "get">,
  name: ProfileName,
  { kind, id }: ProfileUser,
): Promise<boolean> {
  return (await kv.get([SPACE, name, kind, id])).versionstamp !== null;
}

/** When the last use of a profile began, for checks. */
export function getLastUse(
  kv: Pick<Deno.Kv, "get">,
  name: ProfileName,
): Promise<Deno.KvEntryMaybe<unknown>> {
  return kv.get([SPACE, name]);
}

function userOf(key: Deno.KvKey): ProfileUser {
  return { kind: key[2] === "meter" ? "meter" : "device", id: String(key[3]) };
}

function takenId({ kind, id }: ProfileUser, name: ProfileName): AppError {
  return new AppError("ID_TAKEN", `The ${kind} ${id} has the profile ${name}`, {
    details:
      "A device and a meter with the same id and profile would share their readings. Choose " +
      "another id or another profile",
  });
}
