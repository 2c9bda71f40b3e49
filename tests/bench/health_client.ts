/**
 * A client that sends `GET /health` at a steady rate.
 *
 * @module
 */

/** Default interval of requests, milliseconds. A request is also sent while earlier ones are pending. */
const EVERY_MS = 10;

/** A running client. */
export interface HealthWatch {
  /** Stops sending. Resolves after the last answer with the time of each answer, milliseconds. */
  stop(): Promise<number[]>;
}

/** Starts a client. */
export function watchHealth(url: string, everyMs = EVERY_MS): HealthWatch {
  const answers: Promise<number>[] = [];
  const timer = setInterval(() => {
    const answer = askHealth(url);
    // stop() rejects if a request failed.
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
