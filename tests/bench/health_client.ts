/**
 * A client that asks a service how it is, again and again.
 *
 * @module
 */

/** How often it asks unless told, milliseconds; also while earlier questions are open. */
const EVERY_MS = 10;

/** The client, asking. */
export interface HealthWatch {
  /** Asks no more; how long each answer took, milliseconds, when the last one has come. */
  stop(): Promise<number[]>;
}

/** Begins to ask. */
export function watchHealth(url: string, everyMs = EVERY_MS): HealthWatch {
  const answers: Promise<number>[] = [];
  const timer = setInterval(() => {
    const answer = askHealth(url);
    // One that fails is told of by stop().
    answer.catch(() => {});
    answers.push(answer);
  }, everyMs);
  return {
    stop() {
      clearInterval(timer);
      return Promise.all(answers);
    },
  };
}

async function askHealth(url: string): Promise<number> {
  const startedMs = performance.now();
  const response = await fetch(`${url}/health`);
  await response.body?.cancel();
  if (!response.ok) throw new Error(`/health answered ${response.status}`);
  return performance.now() - startedMs;
}
