/**
 * The settings of how much runs at once. They are part of all settings (`data/settings.ts`).
 *
 * @module
 */

import { z } from "zod";

/** How much runs at once. */
export interface WorkSettings {
  /** How many jobs may run at once. */
  readonly workerConcurrency: number;
  /** How many threads do heavy work, such as exports; 0 for none, null for one less than there are processors. */
  readonly workerThreads: number | null;
}

/** The rule of each variable, in words. */
export const WORK_RULES = {
  WORKER_CONCURRENCY: "a whole number of 1 to 64",
  WORKER_THREADS: "a whole number of 0 to 64",
} as const;

const wholeNumber = (min: number, max: number) =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(min).max(max));

/** The variables. */
export const WORK_VARIABLES = {
  WORKER_CONCURRENCY: wholeNumber(1, 64).default(4),
  WORKER_THREADS: wholeNumber(0, 64).optional(),
};

const variablesSchema = z.object(WORK_VARIABLES);

/** The settings. Deno Deploy has no threads. */
export function workSettings(
  { WORKER_CONCURRENCY, WORKER_THREADS }: z.infer<typeof variablesSchema>,
  { isDeploy }: { isDeploy: boolean },
): WorkSettings {
  return {
    workerConcurrency: WORKER_CONCURRENCY,
    workerThreads: WORKER_THREADS ?? (isDeploy ? 0 : null),
  };
}
