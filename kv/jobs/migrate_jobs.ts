/**
 * Migrating the jobs of databases of earlier versions.
 *
 * @module
 */

import { type AccountCounts, NO_COUNTS, stageCountsAnew } from "./accounts.ts";
import { stageHistory } from "./history.ts";
import { accountOf, countsOf, listSoundJobs } from "./jobs.ts";

/** How many jobs one commit of the migration adds. */
const MIGRATED_AT_ONCE = 200;

/**
 * Adds the jobs of schema version 3 to the history of their kinds. May run again after a crash. Ends
 * early if another process has migrated the database: it may have deleted jobs since.
 */
export async function migrateJobHistory(
  kv: Pick<Deno.Kv, "list" | "atomic">,
  schema: Deno.AtomicCheck,
): Promise<void> {
  let op = kv.atomic().check(schema);
  let count = 0;
  // A damaged record must not keep the database from opening.
  for await (const job of listSoundJobs(kv)) {
    stageHistory(op, job);
    if (++count % MIGRATED_AT_ONCE !== 0) continue;
    if (!(await op.commit()).ok) return;
    op = kv.atomic().check(schema);
  }
  await op.commit();
}

/**
 * Counts what the jobs of schema version 4 count for their accounts. Sets the counts, so it may run
 * again after a crash. Sets nothing if another process has migrated the database: it may have moved
 * jobs since. Pending jobs keep their entries; the dispatcher puts them in line.
 */
export async function migrateJobCounts(
  kv: Pick<Deno.Kv, "list" | "atomic">,
  schema: Deno.AtomicCheck,
): Promise<void> {
  const counts = new Map<string, AccountCounts>();
  for await (const job of listSoundJobs(kv)) {
    const name = accountOf(job);
    const before = counts.get(name) ?? NO_COUNTS, own = countsOf(job);
    counts.set(name, {
      waiting: before.waiting + own.waiting,
      running: before.running + own.running,
      fileBytes: before.fileBytes + own.fileBytes,
    });
  }
  // Before this version, all jobs belonged to one owner.
  const op = kv.atomic().check(schema);
  for (const [name, sum] of counts) stageCountsAnew(op, name, sum);
  await op.commit();
}
