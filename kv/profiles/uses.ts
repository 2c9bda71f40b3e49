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
import type { Staging } from "../budget.ts";

const SPACE = "profile_use";

/** What may have a profile. */
export type ProfileUserKind = "device" | "meter";

/** A device or meter. */
export interface ProfileUser {
  /** What it is. */
  readonly kind: ProfileUserKind;
  /** Its id. */
  readonly id: string;
}

/** Records in a commit that a profile gets a user. Built-in profiles are not recorded. */
export function stageProfileUse(op: Staging, name: ProfileName, { kind, id }: ProfileUser): void {
  if (isBuiltIn(name)) return;
  op.set([SPACE, name, kind, id], true);
  op.set([SPACE, name], true);
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
    users.push({ kind: key[2] === "meter" ? "meter" : "device", id: String(key[3]) });
  }
  return users;
}

/** When the last use of a profile began, for checks. */
export function getLastUse(
  kv: Pick<Deno.Kv, "get">,
  name: ProfileName,
): Promise<Deno.KvEntryMaybe<unknown>> {
  return kv.get([SPACE, name]);
}
