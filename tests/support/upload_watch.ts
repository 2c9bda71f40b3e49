/**
 * A look at an import while it runs.
 *
 * @module
 */

import { pause } from "./process.ts";
import { askJson } from "./service.ts";

/** How far the only import of a meter was at one look. */
export interface Progress {
  /** Records that were dealt with. */
  readonly received: number;
  /** Bytes of the body that came in. */
  readonly bytes_received: number;
  /** Of all bytes; null where the length is not known. */
  readonly percent: number | null;
}

/** Asks again and again. */
export interface UploadWatch {
  /** Settles when the import was seen to be that far. */
  until(isFar: (progress: Progress) => boolean): Promise<void>;
  /** Asks no more; how far the import was each time that there was one. */
  stop(): Promise<Progress[]>;
}

/** Begins to watch the imports of a meter. */
export function watchUpload(meterUrl: string): UploadWatch {
  const seen: Progress[] = [];
  let isStopped = false;
  const watching = watch().finally(() => isStopped = true);

  async function watch(): Promise<void> {
    while (!isStopped) {
      const { body } = await askJson(meterUrl);
      if (body.imports?.length > 1) throw new Error(`Two imports: ${JSON.stringify(body)}`);
      if (body.imports?.length === 1) seen.push(body.imports[0]);
      await pause(20);
    }
  }

  return {
    async until(isFar) {
      while (seen.length === 0 || !isFar(seen[seen.length - 1])) {
        // What went wrong with the watching is told here.
        if (isStopped) return await watching;
        await pause(5);
      }
    },
    async stop() {
      isStopped = true;
      await watching;
      return seen;
    },
  };
}
