/**
 * Readings as CSV, in the form of uploads and in the form of the files of exports.
 *
 * @module
 */

const START_MS = Date.UTC(2024, 0, 1);

/** The first line of an upload. */
export const UPLOAD_HEADER = "timestamp,energy_kwh,power_kw,voltage_v,current_a\n";
/** The first line of the file of an export, as in the contract. */
export const FILE_HEADER = "timestamp,smart_meter_id,energy_kwh,power_kw,voltage_v,current_a\n";

/** The time `index` minutes after 2024-01-01T00:00:00Z. */
export function minuteText(index: number): string {
  return new Date(START_MS + index * 60_000).toISOString().replace(".000Z", "Z");
}

/** Lines of an upload: a reading each minute, from minute `first` on. */
export function minuteLines(first: number, count: number): string {
  let text = "";
  for (let index = first; index < first + count; index++) {
    text += `${minuteText(index)},0.05,3,${220 + index % 20}.5,${index % 10}\n`;
  }
  return text;
}

/** A whole upload of so many minutes, in pieces of 1,000 lines, as a slow client sends them. */
export function minuteStream(count: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  let next = 0;
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(UPLOAD_HEADER));
    },
    pull(controller) {
      if (next >= count) return controller.close();
      const lines = Math.min(1000, count - next);
      controller.enqueue(encoder.encode(minuteLines(next, lines)));
      next += lines;
    },
  });
}
