/**
 * Which series changed since the last look: their revisions are compared. A look costs one range read, and
 * another one (for each 500 series) for each profile that a rule is about and that changed.
 *
 * A process that takes the duty over begins where the one before had come to: it knows the version up to
 * which every change was judged. That is the latest version of the look before the last one, because a
 * look is no snapshot: it may have missed a change that is older than the latest one that it saw.
 *
 * @module
 */

import type { ProfileName } from "../../data/readings/profile.ts";
import { listRevised, listRevisionEntries } from "../../kv/series/revisions.ts";
import { nextTurn, TURN_HEADS } from "../../kv/series/scan.ts";

/** No profiles. */
const NONE: Awaited<ReturnType<typeof listRevised>> = new Map();

/** The changes of a look. */
export interface Look {
  /** The ids of the series that changed, by profile. */
  readonly changed: ReadonlyMap<ProfileName, readonly string[]>;
  /** A version: whatever was written under it or before is seen by reads after the look. */
  readonly upTo: string;
  /** What it found of profiles is judged, so that no other look finds it again; by default of all. */
  settle(isSettled?: (profile: ProfileName) => boolean): void;
  /** Everything that this and earlier looks found is judged: returns the version to begin with later. */
  finish(): string;
}

/** Looks for changes. */
export interface ChangedSeries {
  /** Whether looks have been at all of these profiles. */
  knows(profiles: Iterable<ProfileName>): boolean;
  /**
   * Looks at these profiles. A profile that comes later than the first look has no changes at first:
   * whoever made a rule about it has all its subjects judged, after that look.
   */
  look(profiles: Iterable<ProfileName>): Promise<Look>;
}

/** Begins after a version; "" if nothing was ever judged. */
export function createChangedSeries(
  kv: Pick<Deno.Kv, "list">,
  after: string,
): ChangedSeries {
  const seen = new Map<ProfileName, Map<string, number>>();
  const judged = new Map<ProfileName, string | undefined>();
  let isFirst = true;
  let latest = after, finished = after;
  return {
    knows: (profiles) => [...profiles].every((profile) => seen.has(profile)),
    async look(profiles) {
      const changed = new Map<ProfileName, string[]>();
      const news: [ProfileName, string, number][] = [];
      let highest = latest;
      const wanted = [...profiles];
      // Before the revisions: what changes while they are read is found by the next look. Over a shared
      // database, the read makes everything be carried out that waits in logs, so it is left out if it can be.
      const revised = wanted.length === 0 ? NONE : await listRevised(kv);
      const looked: ProfileName[] = [];
      for (const profile of wanted) {
        const known = seen.get(profile);
        if (known !== undefined && judged.get(profile) === revised.get(profile)) continue;
        looked.push(profile);
        const ofProfile = known ?? new Map<string, number>();
        if (known === undefined) seen.set(profile, ofProfile);
        const ids: string[] = [];
        let count = 0;
        for await (const { id, revision, versionstamp } of listRevisionEntries(kv, profile)) {
          // Those in the journal follow each other without a turn.
          if (++count % TURN_HEADS === 0) await nextTurn();
          if (versionstamp > highest) highest = versionstamp;
          if (ofProfile.get(id) === revision) continue;
          const isNews = known !== undefined || (isFirst && versionstamp > after);
          if (!isNews) ofProfile.set(id, revision);
          else {
            ids.push(id);
            news.push([profile, id, revision]);
          }
        }
        if (ids.length > 0) changed.set(profile, ids);
      }
      isFirst = false;
      let left = new Set(looked);

      function settle(isSettled: (profile: ProfileName) => boolean = () => true): void {
        const settled = left;
        left = new Set([...settled].filter((profile) => !isSettled(profile)));
        for (const [profile, id, revision] of news) {
          if (settled.has(profile) && !left.has(profile)) seen.get(profile)?.set(id, revision);
        }
        for (const profile of settled) {
          if (!left.has(profile)) judged.set(profile, revised.get(profile));
        }
      }

      return {
        changed,
        upTo: highest,
        settle,
        finish() {
          settle();
          finished = latest;
          latest = highest;
          return finished;
        },
      };
    },
  };
}
