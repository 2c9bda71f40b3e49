/**
 * Writes the object that all devices of a profile share for a day: their readings by device id, then by
 * time. One device at a time is in memory.
 *
 * Each step may be cut off; the day stays outdated until the last one, and is then written again with
 * the same result.
 *
 * | step | database | destination |
 * |---|---|---|
 * | 1 | members are read; the day's record has the new form, if that changed | |
 * | 2 | | the object is put; objects of other forms are deleted |
 * | 3 | the day's record, if it is still at the version of step 1 | |
 * | 4 | each member is written, if it did not change since step 1 | |
 * | 5 | the day is no longer outdated, if no member changed since step 1 | |
 *
 * @module
 */

import type { ExportDestination } from "../../data/continuous/destination.ts";
import type { WrittenFile } from "../../data/files/file_store.ts";
import { type KeyStyle, profileDayKey } from "../../data/continuous/object_key.ts";
import type { ExportWindow } from "../../data/continuous/rows.ts";
import { rowCount } from "../../data/continuous/rows.ts";
import type { SourcePart, TelemetrySource } from "../../data/continuous/telemetry_source.ts";
import { exportWindow, type WindowEncoder } from "../../data/continuous/window_encoder.ts";
import { DAY_MS } from "../../data/limits.ts";
import type { Profile } from "../../data/readings/profile.ts";
import { pause } from "../engine/pause.ts";
import { type LostReadingsDeps, mayHaveLost } from "./kept_windows.ts";
import {
  clearDirtyDay,
  type DirtyDay,
  getProfileDay,
  listMembers,
  markDirtyDay,
  moveProfileDay,
  type ProfileDayRecord,
  settleMember,
  type StoredMember,
} from "../../kv/continuous/profile_days.ts";

/** How long encoding may hold the event loop, milliseconds. */
const YIELD_MS = 10;

/** What writing needs. */
export interface ProfileDayDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "get" | "list" | "atomic">;
  /** Where readings come from. */
  readonly source: Pick<TelemetrySource, "read">;
  /** What changed in the service's own store; null if the source cannot say. */
  readonly changes?: LostReadingsDeps["changes"];
  /** Whether the source has every reading that was not removed. */
  readonly isSourceComplete: boolean;
  /** Where objects go. */
  readonly destination: ExportDestination;
  /** Encodes objects. */
  readonly encoder: WindowEncoder;
  /** How objects are named. */
  readonly style: KeyStyle;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** The source has lost readings that the object has. */
class ReadingsLost extends Error {
  override readonly name = "ReadingsLost";
}

/** What was put: null if the members have no readings. */
interface Written {
  readonly file: WrittenFile | null;
  readonly rows: number;
  /** How many readings of each device are in it. */
  readonly rowsOf: ReadonlyMap<string, number>;
}

/**
 * Writes an outdated object. If another process writes it too, the day stays outdated. Returns false if
 * the object stays as it is, as the source has lost readings that it has.
 *
 * @throws AppError if the destination fails, and what the source throws.
 */
export async function writeProfileDay(
  deps: ProfileDayDeps,
  day: DirtyDay,
  signal: AbortSignal,
): Promise<boolean> {
  const { kv, style, now } = deps;
  const { layout, format } = style;
  const { value: before, versionstamp } = await getProfileDay(kv, day);
  const members = await listMembers(kv, day);
  const forms = before?.forms ?? [];
  const isNewForm = !forms.some((form) => form.layout === layout && form.format === format);
  const known: ProfileDayRecord = {
    ...before ?? { v: 1, rows: 0, sizeBytes: 0, sha256: "", revision: 0, writtenMs: 0 },
    forms: isNewForm ? [...forms, { layout, format }] : forms,
  };
  let version = versionstamp;
  if (isNewForm) {
    version = await moveProfileDay(kv, day, { from: version, to: known });
    if (version === null) return true;
  }
  const written = await put(deps, day, { members, signal }).catch((error) => {
    if (error instanceof ReadingsLost) return null;
    throw error;
  });
  if (written === null) {
    await refuseAll(kv, day, { members, signal });
    await clearDirtyDay(kv, day);
    return false;
  }
  const { file, rows } = written;
  const key = profileDayKey(style, day);
  for (const form of known.forms) {
    const old = profileDayKey({ ...style, ...form }, day);
    if (file === null || old !== key) await deps.destination.remove(old, signal);
  }
  const to: ProfileDayRecord | null = file === null ? null : {
    v: 1,
    forms: [{ layout, format }],
    rows,
    ...file,
    revision: known.revision + (known.sha256 === file.sha256 ? 0 : 1),
    writtenMs: now(),
  };
  signal.throwIfAborted();
  if (await moveProfileDay(kv, day, { from: version, to }) === null) {
    // Another process wrote the object, and this one may have replaced it by an older one.
    await markDirtyDay(kv, day, now());
    return true;
  }
  await settleAll(kv, day, { members, rowsOf: written.rowsOf, signal });
  await clearDirtyDay(kv, day);
  return true;
}

/** Puts the object; none if there are no readings. */
async function put(
  { kv, source, changes, isSourceComplete, destination, encoder, style }: ProfileDayDeps,
  day: DirtyDay,
  { members, signal }: { members: readonly StoredMember[]; signal: AbortSignal },
): Promise<Written> {
  const { profile, dayMs } = day;
  let rows = 0, yieldedAt = performance.now();
  const rowsOf = new Map<string, number>();
  // The first version that is read counts for the whole file, however the profile grows meanwhile.
  let version: Profile | null = null;
  const windows = async function* (): AsyncGenerator<ExportWindow> {
    for (const member of members) {
      if (!isIncluded(member)) continue;
      if (performance.now() - yieldedAt > YIELD_MS) {
        await pause(0, signal);
        signal.throwIfAborted();
        yieldedAt = performance.now();
      }
      const span = { fromMs: dayMs, toMs: dayMs + DAY_MS };
      const parts: SourcePart[] = [];
      for await (const part of source.read(member.id, span, signal)) {
        // A device whose readings were removed may have another profile since.
        if (part.profile.name === profile) parts.push(part);
      }
      const count = rowCount({ parts });
      if (count < member.rows) {
        const lost = { deviceId: member.id, dayMs };
        if (!isSourceComplete || await mayHaveLost({ kv, changes }, lost)) throw new ReadingsLost();
      }
      rows += count;
      rowsOf.set(member.id, count);
      if (count === 0) continue;
      version ??= parts[0].profile;
      yield { ...exportWindow(member.id, parts), profile: version };
    }
  }();
  const first = await windows.next();
  if (first.done) return { file: null, rows, rowsOf };
  const all = async function* (): AsyncGenerator<ExportWindow> {
    yield first.value;
    yield* windows;
  }();
  const object = {
    body: ReadableStream.from(encoder.stream(all)),
    contentType: encoder.contentType,
  };
  const file = await destination.putStream(profileDayKey(style, day), object, signal);
  return { file, rows, rowsOf };
}

/** Whether the object has the readings of a member. */
function isIncluded({ state, isInObject }: StoredMember): boolean {
  return state !== "leaving" && (state !== "refused" || isInObject);
}

/** Members are written, and those that left are deleted. What was refused before is done now, too. */
async function settleAll(
  kv: ProfileDayDeps["kv"],
  day: DirtyDay,
  { members, rowsOf, signal }: {
    members: readonly StoredMember[];
    rowsOf: ReadonlyMap<string, number>;
    signal: AbortSignal;
  },
): Promise<void> {
  for (const { id, versionstamp, ...member } of members) {
    const { state, isInObject } = member;
    const isDone = state === "refused" && isInObject;
    if (state !== "pending" && state !== "leaving" && !isDone) continue;
    signal.throwIfAborted();
    const rows = isDone ? rowsOf.get(id) ?? 0 : member.rows;
    const isGone = state === "leaving" || isDone && rows === 0;
    const to = isGone ? null : { ...member, rows, state: "written" as const };
    await settleMember(kv, day, { id, versionstamp, to });
  }
}

/**
 * The object stays as it is. Of a device that leaves, it is recorded that the object still has its
 * readings; none of them need to be in the source.
 */
async function refuseAll(
  kv: ProfileDayDeps["kv"],
  day: DirtyDay,
  { members, signal }: { members: readonly StoredMember[]; signal: AbortSignal },
): Promise<void> {
  for (const { id, versionstamp, ...member } of members) {
    const isLeaving = member.state === "leaving";
    if (member.state !== "pending" && !isLeaving) continue;
    signal.throwIfAborted();
    const rows = isLeaving ? 0 : member.rows;
    const to = isLeaving && !member.isInObject
      ? null
      : { ...member, rows, state: "refused" as const };
    await settleMember(kv, day, { id, versionstamp, to });
  }
}
