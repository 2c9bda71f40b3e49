/**
 * Sends a file and says how far it is, in bytes and in rows.
 *
 * @module
 */

/** How often the service is asked how many rows it has, milliseconds. */
const ROWS_MS = 500;

/**
 * @typedef {object} Progress
 * @property {number} sent Bytes.
 * @property {number} total
 * @property {number | null} rows Rows that the service has read; null if it does not say.
 */

/**
 * @typedef {object} SendOptions
 * @property {string} url
 * @property {Record<string, string>} headers
 * @property {string | null} watched The address of a meter whose running imports are shown.
 * @property {(progress: Progress) => void} onProgress
 * @property {AbortSignal} signal
 */

/**
 * Sends a file. The browser streams it from the disk.
 *
 * @param {File} file
 * @param {SendOptions} options
 * @returns {Promise<{ status: number, body: any }>}
 */
export function sendFile(file, { url, headers, watched, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const progress = { sent: 0, total: file.size, rows: /** @type {number | null} */ (null) };
    const timer = setInterval(async () => {
      if (watched === null) return;
      try {
        const answer = await fetch(watched);
        if (!answer.ok) return;
        const { imports } = await answer.json();
        const running = imports.at(-1);
        if (running !== undefined) progress.rows = running.received;
        onProgress({ ...progress });
      } catch {
        // The next answer may come.
      }
    }, ROWS_MS);
    const end = () => clearInterval(timer);
    request.upload.addEventListener("progress", (event) => {
      progress.sent = event.loaded;
      progress.total = event.total || file.size;
      onProgress({ ...progress });
    });
    request.addEventListener("load", () => {
      end();
      try {
        resolve({ status: request.status, body: JSON.parse(request.responseText) });
      } catch {
        resolve({ status: request.status, body: { detail: request.statusText } });
      }
    });
    request.addEventListener("error", () => {
      end();
      reject(new Error("lost"));
    });
    request.addEventListener("abort", () => {
      end();
      reject(new Error("aborted"));
    });
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(file);
  });
}
