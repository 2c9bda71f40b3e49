/**
 * Writes CSV files of stores at full size: polls about once an hour, business hours, time zones. They
 * are the same each time.
 *
 * @module
 */

/** Number of stores. */
export const STORES = 4_000;
/** Polls of a store, one an hour. */
const HOURS = 463;
/** The hour of the first poll. The last one is 463 hours later, on 2024-10-03. */
const FIRST_MS: number = Date.UTC(2024, 8, 14, 17);
const HOUR_MS = 3_600_000;
const SEED = 20_241_003;
/** One poll in this many is missing. */
const MISSED = 1_000;
/** One store in this many has no hours, and as many have no zone. */
const WITHOUT = 20;
const INACTIVE_SHARE = 0.1;
/** The probability of a second span on a day. */
const SECOND_SPAN_SHARE = 0.31;
const CHUNK_CHARS = 1_000_000;

const ZONES = [
  "America/New_York",
  "America/Chicago",
  "America/Denver",
  "America/Los_Angeles",
  "America/Phoenix",
  "America/Boise",
  "America/Detroit",
  "America/Indiana/Indianapolis",
  "America/Toronto",
  "America/Mexico_City",
  "America/Sao_Paulo",
  "America/Anchorage",
  "Pacific/Honolulu",
  "Pacific/Auckland",
  "Europe/London",
  "Europe/Paris",
  "Europe/Berlin",
  "Europe/Athens",
  "Asia/Dubai",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Asia/Tokyo",
  "Asia/Manila",
  "Australia/Sydney",
  "Australia/Adelaide",
] as const;

/** First spans of a day. Second spans come before them, overlap them or run over midnight. */
const FIRST_SPANS = [
  "10:00:00,22:30:00",
  "10:00:00,23:59:59",
  "10:30:00,21:00:00",
  "06:30:00,23:30:00",
  "00:00:00,23:59:59",
  "11:00:00,20:15:00",
];
const SECOND_SPANS = [
  "00:00:00,01:00:00",
  "00:00:00,02:00:00",
  "06:30:00,10:19:00",
  "20:00:00,23:00:00",
  "22:00:00,03:00:00",
];

/** The files of stores. */
export interface StoreFiles {
  /** Their folder: `store_status.csv`, `menu_hours.csv`, `timezones.csv`. */
  readonly folder: string;
  /** Number of polls. */
  readonly polls: number;
  /** Number of rows of hours. */
  readonly hours: number;
}

/** Writes the files into an empty folder. */
export async function writeStores(folder: string): Promise<StoreFiles> {
  const random = createRandom(SEED);
  const ids = Array.from({ length: STORES }, () => uuid(random));
  const zones = ids.filter((_, index) => index % WITHOUT !== 1)
    .map((id) => `${id},${ZONES[Math.floor(random() * ZONES.length)]}`);
  const hours = ids.filter((_, index) => index % WITHOUT !== 2)
    .flatMap((id) => hoursOf(id, random));
  const zoneLines = ["store_id,timezone_str", ...zones, ""];
  const hourLines = ["store_id,day_of_week,start_time_local,end_time_local", ...hours, ""];
  await Deno.writeTextFile(`${folder}/timezones.csv`, zoneLines.join("\n"));
  await Deno.writeTextFile(`${folder}/menu_hours.csv`, hourLines.join("\n"));
  const polls = await writePolls(`${folder}/store_status.csv`, { ids, random });
  return { folder, polls, hours: hours.length };
}

function hoursOf(id: string, random: () => number): string[] {
  const first = FIRST_SPANS[Math.floor(random() * FIRST_SPANS.length)];
  return Array.from({ length: 7 }, (_, day) => {
    const rows = [`${id},${day},${first}`];
    const second = SECOND_SPANS[Math.floor(random() * SECOND_SPANS.length)];
    if (random() < SECOND_SPAN_SHARE) rows.push(`${id},${day},${second}`);
    return rows;
  }).flat();
}

/** Writes polls hour by hour, so that the rows of a store lie far apart. */
async function writePolls(
  path: string,
  { ids, random }: { ids: readonly string[]; random: () => number },
): Promise<number> {
  using file = await Deno.create(path);
  const writer = file.writable.getWriter();
  const encoder = new TextEncoder();
  let text = "store_id,status,timestamp_utc\n", polls = 0;
  for (let hour = 0; hour < HOURS; hour++) {
    for (const id of ids) {
      if (random() < 1 / MISSED) continue;
      const timeMs = FIRST_MS + hour * HOUR_MS + Math.floor(random() * HOUR_MS);
      const time = new Date(timeMs).toISOString();
      const micros = String(Math.floor(random() * 1_000)).padStart(3, "0");
      const status = random() < INACTIVE_SHARE ? "inactive" : "active";
      text += `${id},${status},${time.slice(0, 10)} ${time.slice(11, 23)}${micros} UTC\n`;
      polls++;
    }
    if (text.length < CHUNK_CHARS && hour + 1 < HOURS) continue;
    await writer.write(encoder.encode(text));
    text = "";
  }
  await writer.close();
  return polls;
}

function uuid(random: () => number): string {
  const hex = (chars: number) =>
    Array.from({ length: chars }, () => Math.floor(random() * 16).toString(16)).join("");
  return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;
}

/** Random numbers from 0 to below 1, the same for the same seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
