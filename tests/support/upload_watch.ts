/**
 * Watching an import while it is running.
 *
 * @module
 */

import { pause } from "./process.ts";
import { askJson } from "./service.ts";

/** How far the only import of a meter was at one moment. */
export interface Progress {
  /** Records that were counted. */
  readonly received: number;
  /** Bytes of the body that arrived. */
  readonly bytes_received: number;
  /** The share of the body that arrived; null if its length is unknown. */
  readonly percent: number | null;
}

/** Asks for the meter again and again. */
export interface UploadWatch {
  /** Resolves once the import is that far. */
  until(isFar: (progress: Progress) => boolean): Promise<void>;
  /** Stops; returns how far the import was each time it was running. */
  stop(): Promise<Progress[]>;
}

/** Starts to watch the imports of a meter. */
export function watchUpload(meterUrl: string): UploadWatch {
  const progress: Progress[] = [];
  let isStopped = false;
  const watching = watch().finally(() => isStopped = true);

  async function watch(): Promise<void> {
    while (!isStopped) {
      const { body } = await askJson(meterUrl);
      if (body.imports?.length > 1) throw new Error(`Two imports: ${JSON.stringify(body)}`);
      if (body.imports?.length === 1) progress.push(body.imports[0]);
      await pause(20);
    }
  }

  return {
    async until(isFar) {
      while (progress.length === 0 || !isFar(progress[progress.length - 1])) {
        // Errors of the watching are thrown here.
        if (isStopped) return await watching;
        await pause(5);
      }
    },
    async stop() {
      isStopped = true;
      await watching;
      return progress;
    },
  };
}
