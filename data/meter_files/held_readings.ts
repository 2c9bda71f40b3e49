/**
 * Readings that wait until it is known what they measure.
 *
 * @module
 */

/** Room at first; it doubles as needed. */
const FIRST_ROOM = 256;

/** Takes readings one by one: a time, a mantissa at a scale, and a line. */
export type TakeReading = (seconds: number, value: number, scale: number, line: number) => void;

/** A list of readings. */
export interface HeldReadings {
  /** How many there are. */
  length(): number;
  /** Adds one. */
  readonly add: TakeReading;
  /** Hands all of them on, in order, and empties the list. */
  drain(take: TakeReading): void;
}

/** An empty list. */
export function createHeldReadings(): HeldReadings {
  let length = 0, room = 0;
  let seconds = new Float64Array(0), values = new Float64Array(0), lines = new Float64Array(0);
  let scales = new Int8Array(0);

  function grow(): void {
    room = Math.max(FIRST_ROOM, 2 * room);
    seconds = widened(seconds, room);
    values = widened(values, room);
    lines = widened(lines, room);
    const wider = new Int8Array(room);
    wider.set(scales);
    scales = wider;
  }

  return {
    length: () => length,
    add(second, value, scale, line) {
      if (length === room) grow();
      seconds[length] = second;
      values[length] = value;
      scales[length] = scale;
      lines[length++] = line;
    },
    drain(take) {
      for (let i = 0; i < length; i++) take(seconds[i], values[i], scales[i], lines[i]);
      length = room = 0;
      seconds = values = lines = new Float64Array(0);
      scales = new Int8Array(0);
    },
  };
}

function widened(from: Float64Array, room: number): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(room);
  wider.set(from);
  return wider;
}
