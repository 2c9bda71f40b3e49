/**
 * Who changes a profile, and whether the change would reach devices or meters that they may not touch.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import type { Profile, ProfileName } from "../../data/readings/profile.ts";
import { findProfileUser, isProfileUser, type ProfileUser } from "./uses.ts";

/** A caller that may not touch every device and meter. All others need no such object. */
export interface ProfileEditor {
  /** Who it is. Profiles that it makes are stored with it, as it may make only some. */
  readonly owner: string;
  /** Whether it may touch a device or meter. */
  mayTouch(user: ProfileUser): boolean;
}

/** Looks for users of profiles that an editor may not touch. */
export interface HiddenUsers {
  /** Whether a profile has such a user now. It reads up to all users of the profile. */
  exist(name: ProfileName, editor: ProfileEditor): Promise<boolean>;
}

/** Creates a search that remembers what it found, as the next one is often about the same. */
export function createHiddenUsers(kv: Pick<Deno.Kv, "get" | "list">): HiddenUsers {
  const found = new Map<ProfileName, ProfileUser>();
  return {
    async exist(name, editor) {
      const isHidden = (user: ProfileUser) => !editor.mayTouch(user);
      const last = found.get(name);
      if (last !== undefined && isHidden(last) && await isProfileUser(kv, name, last)) return true;
      const user = await findProfileUser(kv, name, isHidden);
      if (user === null) return false;
      found.set(name, user);
      return true;
    },
  };
}

/**
 * Refuses a definition with another retention than before, as it deletes readings of everyone.
 *
 * @throws {AppError} FORBIDDEN.
 */
export function requireSameRetention(
  name: ProfileName,
  { from, to }: {
    from: Pick<Profile, "retentionDays"> | null;
    to: Pick<Profile, "retentionDays">;
  },
): void {
  const before = from?.retentionDays ?? null, after = to.retentionDays ?? null;
  if (before === after) return;
  const rule = before === null ? "null or left out" : `${before}, as it is`;
  const detail = `retention_days must be ${rule}: your key may not touch every device and meter`;
  throw new AppError(
    "FORBIDDEN",
    `Your key may not change retention_days of the profile ${name}`,
    { errors: [{ pointer: "/retention_days", detail, value: after, rule }] },
  );
}

/** The error for a change that would reach users that the editor may not touch. It names none. */
export function sharedProfile(name: ProfileName): AppError {
  return new AppError(
    "FORBIDDEN",
    `Your key may not change the profile ${name}, as it may not touch every device and meter ` +
      "that has it",
    { details: "Define a profile with another name" },
  );
}
