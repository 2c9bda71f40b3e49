/**
 * A client of several instances, any of which may be away.
 *
 * @module
 */

import { pause } from "./process.ts";
import { askJson, type JsonAnswer } from "./service.ts";

/** Sends requests to any instance, again and again until one is answered. */
export interface PatientClient {
  /** The first answer with a status below 500. */
  ask(path: string, init?: RequestInit): Promise<JsonAnswer>;
  /** The address of an instance, when all run. */
  url(): string;
  /** Answers by status; 0 for none. */
  readonly answers: Record<number, number>;
  /** The longest time that a request took. */
  longestMs(): number;
}

/** Creates a client of instances, which have no address while they do not run. */
export function createPatientClient(
  instances: readonly { url(): string | null }[],
  random: () => number,
): PatientClient {
  const answers: Record<number, number> = {};
  let longestMs = 0;
  return {
    answers,
    url: () => instances[0].url() ?? "",
    longestMs: () => longestMs,
    async ask(path, init) {
      for (;;) {
        const url = instances[Math.floor(random() * instances.length)].url();
        if (url === null) {
          await pause(20);
          continue;
        }
        const startMs = performance.now();
        const answer = await askJson(url + path, init).catch(() => null);
        longestMs = Math.max(longestMs, performance.now() - startMs);
        const status = answer?.status ?? 0;
        answers[status] = (answers[status] ?? 0) + 1;
        if (answer !== null && status < 500) return answer;
        await pause(50);
      }
    },
  };
}
