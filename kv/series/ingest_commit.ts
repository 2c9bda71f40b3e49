/**
 * Carrying out the commits of live ingest.
 *
 * @module
 */

import { readingsOfItem } from "../../data/readings/group_format.ts";
import type { RecordedStage } from "../budget.ts";
import { addGroup } from "../journal/group_operations.ts";
import type { GroupedCommit } from "./ingest_groups.ts";
import { OthersWroteError } from "./others_quiet.ts";
import { stageRevised } from "./revisions.ts";

/** Pause between two tries. */
const RETRY_MS = 50;

/**
 * Commits stages, and retries if the database does not answer. A commit that did happen is then done
 * twice. Its segments keep their names, so the readings stay the same, unless they were folded and
 * overwritten in that moment. Counters may count a request twice.
 */
export async function commitStages(
  kv: Pick<Deno.Kv, "atomic">,
  stages: readonly Pick<RecordedStage, "stage">[],
  tries: number,
): Promise<void> {
  await retried(tries, async () => {
    const op = kv.atomic();
    stages.forEach(({ stage }) => stage(op));
    await op.commit();
  }, (error) => error instanceof OthersWroteError);
}

/**
 * Commits a group. It retries unless the database refuses the commit. Whoever takes the group knows whether
 * a commit without an answer has happened.
 */
export async function commitGroup(
  kv: Pick<Deno.Kv, "atomic">,
  { group, extras }: GroupedCommit,
  tries: number,
): Promise<void> {
  const profiles = new Set<string>();
  for (const item of group?.items ?? []) {
    if (readingsOfItem(item) > 0) profiles.add(item.profile);
  }
  await retried(tries, async () => {
    const op = kv.atomic();
    if (group !== null) addGroup(op, group);
    for (const { stage } of extras) stage(op);
    stageRevised(op, profiles);
    await op.commit();
  }, (error) => isRefusal(error) || error instanceof OthersWroteError);
}

async function retried(
  tries: number,
  run: () => Promise<void>,
  isFinal: (error: unknown) => boolean = () => false,
): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt === tries || isFinal(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** Whether an error may be about the data: too large, or of a kind that cannot be stored. */
export function isRefusal(error: unknown): boolean {
  return error instanceof TypeError || error instanceof DOMException || error instanceof RangeError;
}
