/**
 * The profiles of a process: in memory, as the database has them.
 *
 * A process that has the database alone changes its memory with every commit. Over a shared database,
 * it also looks every two seconds whether another process changed a profile, unless nobody writes at
 * all, and reads a profile again before a read that must see every metric
 * ({@link ProfileStore.current}).
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { PROFILE_NAME_PATTERN } from "../../data/limits.ts";
import {
  isBuiltIn,
  type Metric,
  type Profile,
  type ProfileName,
} from "../../data/readings/profile.ts";
import { hasMetrics, meaningChanges, withAppended } from "../../data/readings/profile_change.ts";
import type { Profiles } from "../../data/readings/profiles.ts";
import { type Activity, ALWAYS_ACTIVE, repeat } from "../activity.ts";
import {
  definitionOf,
  getDefinition,
  lastDefinitionChange,
  listDefinitions,
  type ProfileEntry,
  profileOf,
  type ProfileRecord,
  stageDefinition,
  unknownProfile,
} from "./definitions.ts";
import {
  createHiddenUsers,
  type ProfileEditor,
  requireSameRetention,
  sharedProfile,
} from "./editor.ts";
import { createProfileMemory } from "./profile_memory.ts";
import { getLastUse, listProfileUsers, type ProfileUser } from "./uses.ts";

/** How often a process looks for changes of others, milliseconds. */
const REFRESH_MS = 2_000;
/** How many users an error names. */
const USERS_NAMED = 3;
/** Among how many of them it looks for those that it may name. */
const USERS_READ = 100;

/** What users say about a profile. */
export type ProfileDefinition = Pick<Profile, "title" | "retentionDays" | "metrics">;

/** Keeps the profiles. */
export interface ProfileStore extends Profiles, AsyncDisposable {
  /** A profile as the database has it now. It costs a read over a shared database. */
  current(name: ProfileName): Promise<Profile | undefined>;
  /** Reads what changed in the database since the last call. */
  refresh(): Promise<void>;
  /**
   * Defines a profile, or changes one. A profile that is in use may get more metrics, and other
   * ranges, titles and labels. An editor may change it only if it may touch every user of it, and may
   * not change how long readings are kept. Returns it and what it was before, if it existed.
   *
   * @throws {AppError} PROFILE_FIXED for a built-in one, PROFILE_IN_USE with everything that would
   * change what stored readings mean and with users that the editor may touch, FORBIDDEN for what the
   * editor may not change, TOO_MANY_PROFILES.
   */
  put(
    name: ProfileName,
    definition: ProfileDefinition,
    editor?: ProfileEditor,
  ): Promise<{
    readonly isNew: boolean;
    readonly before: Profile | null;
    readonly profile: Profile;
  }>;
  /**
   * Returns a profile that devices may have, with as many of some metrics as possible: it is made if
   * it does not exist, and metrics with new names are appended. Those are left out whose name is
   * invalid or differs from another one only in case, those beyond the 64th, and all that a built-in
   * profile does not have. An editor appends none to a profile of something that it may not touch.
   * Any number of processes may call it at once.
   *
   * @throws {AppError} PROFILE_FIXED for a name that no profile of devices can have, and
   * TOO_MANY_PROFILES.
   */
  ensure(
    name: ProfileName,
    metrics: readonly Metric[],
    editor?: ProfileEditor,
  ): Promise<Profile>;
  /**
   * Deletes a profile that nothing has, and returns what it was.
   *
   * @throws {AppError} PROFILE_NOT_FOUND, PROFILE_FIXED, or PROFILE_IN_USE with users that the editor
   * may touch.
   */
  remove(name: ProfileName, editor?: ProfileEditor): Promise<Profile>;
  /** Whether a device or meter has a profile. A built-in profile always counts as used. */
  isUsed(name: ProfileName): Promise<boolean>;
}

/** What the store needs. */
export interface ProfileStoreDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Whether no other process uses the database. */
  readonly isExclusive: boolean;
  /** Whether anybody writes; by default, it looks every two seconds. */
  readonly activity?: Activity;
  /** Called when the database could not be read for a refresh, which is tried again soon. */
  readonly onFault?: (error: unknown) => void;
}

/** Reads all profiles and, over a shared database, begins to look for changes. */
export async function openProfiles(deps: ProfileStoreDeps): Promise<ProfileStore> {
  const { kv, isExclusive, activity = ALWAYS_ACTIVE, onFault = () => {} } = deps;
  const memory = createProfileMemory();
  const { profiles, learn } = memory;
  const hiddenUsers = createHiddenUsers(kv);
  let seenVersion: string | null = null;

  async function refresh(): Promise<void> {
    // The version before the list: what changes in between is read again next time.
    const version = await lastDefinitionChange(kv);
    if (version === seenVersion) return;
    learn(await listDefinitions(kv));
    seenVersion = version;
  }

  /** Commits a definition. False if another process was faster. */
  async function commit(
    name: ProfileName,
    entry: ProfileEntry,
    { to, use }: { to: ProfileRecord; use?: Deno.KvEntryMaybe<unknown> },
  ): Promise<boolean> {
    const op = kv.atomic().check(entry);
    if (use !== undefined) op.check(use);
    stageDefinition(op, entry, to);
    const result = await op.commit();
    if (!result.ok) return false;
    const { key } = entry;
    learn([{ name, entry: { key, value: to, versionstamp: result.versionstamp } }]);
    return true;
  }

  /** The profile under a name after a commit. */
  function known(name: ProfileName): Profile {
    const profile = profiles.get(name);
    if (profile === undefined) throw unknownProfile(name);
    return profile;
  }

  async function put(name: ProfileName, definition: ProfileDefinition, editor?: ProfileEditor) {
    if (isBuiltIn(name)) throw fixedProfile(name);
    for (;;) {
      const [entry, use] = await Promise.all([getDefinition(kv, name), getLastUse(kv, name)]);
      const before = profileOf(name, entry);
      if (editor !== undefined) requireSameRetention(name, { from: before, to: definition });
      const maker = before === null ? editor?.owner ?? null : entry.value?.maker ?? null;
      using _place = before === null ? memory.takePlace(name, maker) : null;
      const changes = before === null ? [] : meaningChanges(before.metrics, definition.metrics);
      // With a check of the last use, so that nobody begins to use it meanwhile.
      if (changes.length > 0) {
        const users = await listProfileUsers(kv, name, USERS_READ);
        if (users.length > 0) throw usedProfile(name, { users, editor }, changes);
      }
      const isOther = before === null || changes.length > 0;
      const life = (entry.value?.life ?? 0) + (isOther ? 1 : 0);
      const to = definitionOf(definition, { life, maker });
      const isLimited = editor !== undefined && before !== null && !isSame(entry.value, to);
      if (isLimited && await hiddenUsers.exist(name, editor)) throw sharedProfile(name);
      const needsCheck = changes.length > 0 || isLimited;
      if (await commit(name, entry, needsCheck ? { to, use } : { to })) {
        return { isNew: before === null, before, profile: known(name) };
      }
    }
  }

  async function ensure(
    name: ProfileName,
    metrics: readonly Metric[],
    editor?: ProfileEditor,
  ): Promise<Profile> {
    const names = metrics.map((metric) => metric.name);
    const found = profiles.get(name);
    if (isBuiltIn(name)) {
      if (found !== undefined && profiles.ofDevices().includes(found)) return found;
      throw fixedProfile(name);
    }
    if (found !== undefined && hasMetrics(found, names)) return found;
    for (;;) {
      const [entry, use] = await Promise.all([getDefinition(kv, name), getLastUse(kv, name)]);
      learn([{ name, entry }]);
      const before = profileOf(name, entry);
      const all = withAppended(before?.metrics ?? [], metrics);
      if (before !== null && all === before.metrics) return known(name);
      if (all.length === 0 || !PROFILE_NAME_PATTERN.test(name)) throw unknownProfile(name);
      const isLimited = editor !== undefined && before !== null;
      if (isLimited && await hiddenUsers.exist(name, editor)) return known(name);
      const maker = before === null ? editor?.owner ?? null : entry.value?.maker ?? null;
      using _place = before === null ? memory.takePlace(name, maker) : null;
      const life = (entry.value?.life ?? 0) + (before === null ? 1 : 0);
      const to = definitionOf({ ...before, metrics: all }, { life, maker });
      if (await commit(name, entry, isLimited ? { to, use } : { to })) return known(name);
    }
  }

  async function remove(name: ProfileName, editor?: ProfileEditor): Promise<Profile> {
    if (isBuiltIn(name)) throw fixedProfile(name);
    for (;;) {
      const [entry, use] = await Promise.all([getDefinition(kv, name), getLastUse(kv, name)]);
      const before = profileOf(name, entry);
      if (entry.value === null || before === null) throw unknownProfile(name);
      const users = await listProfileUsers(kv, name, USERS_READ);
      if (users.length > 0) throw usedProfile(name, { users, editor }, []);
      const to: ProfileRecord = {
        ...entry.value,
        state: "deleted",
        title: null,
        retentionDays: null,
        metrics: [],
        maker: null,
      };
      if (await commit(name, entry, { to, use })) return before;
    }
  }

  await refresh();
  const refreshing = isExclusive
    ? null
    : repeat(refresh, { everyMs: REFRESH_MS, activity, onFault });
  return {
    ...profiles,
    async current(name) {
      if (isExclusive || isBuiltIn(name)) return profiles.get(name);
      learn([{ name, entry: await getDefinition(kv, name) }]);
      return profiles.get(name);
    },
    refresh,
    put,
    ensure,
    remove,
    isUsed: async (name) => isBuiltIn(name) || (await listProfileUsers(kv, name, 1)).length > 0,
    [Symbol.asyncDispose]: async () => await refreshing?.stop(),
  };
}

/** Whether a definition is the same as before. */
function isSame(before: ProfileRecord | null, after: ProfileRecord): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
}

function fixedProfile(name: ProfileName): AppError {
  return new AppError(
    "PROFILE_FIXED",
    `The profile ${name} belongs to the service and cannot change`,
  );
}

function usedProfile(
  name: ProfileName,
  { users, editor }: { users: readonly ProfileUser[]; editor: ProfileEditor | undefined },
  errors: ReturnType<typeof meaningChanges>,
): AppError {
  const visible = editor === undefined ? users : users.filter((user) => editor.mayTouch(user));
  const named = visible.slice(0, USERS_NAMED).map(({ kind, id }) => `${kind} ${id}`);
  if (users.length > named.length) named.push("others");
  const uses = `The profile ${name} is in use by ${named.join(", ")}`;
  if (errors.length === 0) {
    return new AppError("PROFILE_IN_USE", `${uses}, so it cannot be deleted`);
  }
  const what = errors.map(({ detail }) => detail).join("; ");
  return new AppError(
    "PROFILE_IN_USE",
    `${uses}, and stored readings must keep their meaning: ${what}`,
    {
      details:
        "Metrics can be appended, and ranges, titles and labels can change. For anything else " +
        "define a profile with another name",
      errors,
    },
  );
}
