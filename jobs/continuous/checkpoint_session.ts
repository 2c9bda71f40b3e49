/**
 * A checkpoint while a process exports its device. Changes are collected and then committed at once,
 * together with the manifests of the windows that were written.
 *
 * @module
 */

import { manifestSpanAt, type WrittenWindow } from "../../data/continuous/manifest.ts";
import type { DomainEvent } from "../../data/events/event.ts";
import type { Span } from "../../data/readings/page.ts";
import type { ExportCheckpoint, MoveCheckpoint } from "../../kv/continuous/checkpoints.ts";
import { listManifests, stageManifest } from "../../kv/continuous/manifests.ts";
import { stageEvent } from "../../kv/events/outbox.ts";
import { type MemberChange, stageMember } from "../../kv/continuous/profile_days.ts";

/** Another process moved the checkpoint, so it exports the device now and this process must not. */
export class CheckpointMoved extends Error {
  /** The error for one device. */
  constructor(deviceId: string) {
    super(`Another process exports device ${deviceId}`);
    this.name = "CheckpointMoved";
  }
}

/** A checkpoint, and the written windows of the span that is being exported. */
export interface CheckpointSession {
  /** The checkpoint, with all changes since the last commit. */
  checkpoint(): ExportCheckpoint;
  /** Changes the checkpoint. The next commit stores the change. */
  update(change: Partial<ExportCheckpoint>): void;
  /**
   * Loads the written windows of a span, ascending, in place of those of the span before. Commits
   * changes first, so that the windows of one span at most are in memory.
   *
   * @throws {CheckpointMoved} if another process was faster.
   */
  loadWindows(span: Span): Promise<WrittenWindow[]>;
  /** A written window of the loaded span; null if the window has no object. */
  writtenWindow(fromMs: number): WrittenWindow | null;
  /** Records that a window was written, or (null) that it has no object. The next commit stores it. */
  recordWindow(fromMs: number, written: WrittenWindow | null): void;
  /** Changes a member of a profile's day. The next commit stores it. */
  recordMember(change: MemberChange, nowMs: number): void;
  /** Adds an event to the next commit. */
  recordEvent(event: DomainEvent): void;
  /**
   * Commits all changes, if there are any.
   *
   * @throws {CheckpointMoved} if another process was faster.
   */
  commit(): Promise<void>;
}

/** Where a session starts. */
export interface CheckpointStart {
  /** The device. */
  readonly deviceId: string;
  /** The checkpoint. */
  readonly checkpoint: ExportCheckpoint;
  /** The version at which it was read; null if it is not stored yet. */
  readonly versionstamp: string | null;
}

/** What a session needs. */
export interface CheckpointSessionDeps {
  /** The database. */
  readonly kv: Pick<Deno.Kv, "list">;
  /** Stores the checkpoint. */
  readonly moveCheckpoint: MoveCheckpoint;
}

/** Opens a session. */
export function openCheckpointSession(
  { kv, moveCheckpoint }: CheckpointSessionDeps,
  { deviceId, checkpoint: stored, versionstamp }: CheckpointStart,
): CheckpointSession {
  let checkpoint = stored;
  let version = versionstamp;
  let isChanged = versionstamp === null;
  /** Written windows by the start of their manifest span, then by their own start. */
  const manifests = new Map<number, Map<number, WrittenWindow>>();
  const changedManifests = new Set<number>();
  let members: (MemberChange & { nowMs: number })[] = [];
  let events: DomainEvent[] = [];
  /**
   * Where the manifest of each loaded window starts. It was written under the plan of its time, and the
   * window stays in it.
   */
  const startsOfManifests = new Map<number, number>();

  const manifestOf = (fromMs: number) =>
    startsOfManifests.get(fromMs) ?? manifestSpanAt(checkpoint.plan, fromMs).fromMs;

  function windowsOf(manifestMs: number): Map<number, WrittenWindow> {
    const windows = manifests.get(manifestMs) ?? new Map<number, WrittenWindow>();
    manifests.set(manifestMs, windows);
    return windows;
  }

  async function commit(): Promise<void> {
    if (!isChanged) return;
    const changed = [...changedManifests].map((fromMs) => ({
      fromMs,
      windows: [...windowsOf(fromMs).values()].sort((a, b) => a.fromMs - b.fromMs),
    }));
    const moved = await moveCheckpoint(deviceId, {
      from: version,
      to: checkpoint,
      also: (op) => {
        for (const manifest of changed) stageManifest(op, deviceId, manifest);
        for (const member of members) stageMember(op, deviceId, member);
        for (const event of events) stageEvent(op, event);
      },
    });
    if (moved === null) throw new CheckpointMoved(deviceId);
    version = moved;
    isChanged = false;
    changedManifests.clear();
    members = [];
    events = [];
  }

  return {
    checkpoint: () => checkpoint,
    update(change) {
      checkpoint = { ...checkpoint, ...change };
      isChanged = true;
    },
    async loadWindows({ fromMs, toMs }) {
      // The windows loaded before are dropped below, with their changes.
      if (changedManifests.size > 0) await commit();
      const found = await listManifests(kv, deviceId, {
        fromMs: manifestSpanAt(checkpoint.plan, fromMs).fromMs,
        toMs: manifestSpanAt(checkpoint.plan, toMs - 1).toMs,
      });
      manifests.clear();
      startsOfManifests.clear();
      const windows = found.flatMap((manifest) => manifest.windows);
      for (const manifest of found) {
        for (const window of manifest.windows) {
          startsOfManifests.set(window.fromMs, manifest.fromMs);
          windowsOf(manifest.fromMs).set(window.fromMs, window);
        }
      }
      return windows.filter((window) => window.fromMs >= fromMs && window.fromMs < toMs);
    },
    writtenWindow: (fromMs) => manifests.get(manifestOf(fromMs))?.get(fromMs) ?? null,
    recordWindow(fromMs, written) {
      const manifestMs = manifestOf(fromMs);
      changedManifests.add(manifestMs);
      if (written === null) windowsOf(manifestMs).delete(fromMs);
      else windowsOf(manifestMs).set(fromMs, written);
      isChanged = true;
    },
    recordMember(change, nowMs) {
      members.push({ ...change, nowMs });
      isChanged = true;
    },
    recordEvent(event) {
      events.push(event);
      isChanged = true;
    },
    commit,
  };
}
