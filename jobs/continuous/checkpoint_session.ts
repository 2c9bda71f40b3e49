/**
 * The checkpoint of a device in the hands of the process that exports it: what is staged goes out in
 * one commit, with what was written of its windows.
 *
 * @module
 */

import { stretchAt, type WrittenWindow } from "../../data/continuous/manifest.ts";
import type { Span } from "../../data/readings/page.ts";
import { type ExportCheckpoint, moveExportCheckpoint } from "../../kv/continuous/checkpoints.ts";
import { listManifests, stageManifest } from "../../kv/continuous/manifests.ts";

/** Another process moved the checkpoint: it has the device now, and this one leaves it alone. */
export class CheckpointMoved extends Error {
  /** The error about a device. */
  constructor(deviceId: string) {
    super(`Another process exports device ${deviceId}`);
    this.name = "CheckpointMoved";
  }
}

/** A checkpoint and what is known of a stretch of windows. */
export interface CheckpointSession {
  /** The checkpoint as it is after the next commit. */
  value(): ExportCheckpoint;
  /** Changes the checkpoint with the next commit. */
  stage(change: Partial<ExportCheckpoint>): void;
  /**
   * Reads what was written of a span's windows, ascending. What is staged of windows is committed
   * before, so that no more than a span's is in memory.
   *
   * @throws {CheckpointMoved} where another process came first.
   */
  open(span: Span): Promise<WrittenWindow[]>;
  /** What was written, or is staged, of a window of that span; null where it has no object. */
  written(fromMs: number): WrittenWindow | null;
  /** Says with the next commit that a window was written, or (null) that it has no object now. */
  stageWindow(fromMs: number, written: WrittenWindow | null): void;
  /**
   * Commits what is staged, if anything is.
   *
   * @throws {CheckpointMoved} where another process came first.
   */
  commit(): Promise<void>;
}

/** Where a track starts. */
export interface CheckpointStart {
  /** The device. */
  readonly deviceId: string;
  /** The checkpoint. */
  readonly checkpoint: ExportCheckpoint;
  /** The version that it was read at; null where it is not there yet. */
  readonly versionstamp: string | null;
}

/** Takes a checkpoint in hand. */
export function openCheckpointSession(
  kv: Pick<Deno.Kv, "list" | "atomic">,
  { deviceId, checkpoint, versionstamp }: CheckpointStart,
): CheckpointSession {
  let value = checkpoint;
  let version = versionstamp;
  let isChanged = versionstamp === null;
  /** What was written, by stretch and window. */
  const written = new Map<number, Map<number, WrittenWindow>>();
  const staged = new Set<number>();

  const startOf = (timeMs: number) => stretchAt(value.plan, timeMs).fromMs;

  function windowsOf(stretchMs: number): Map<number, WrittenWindow> {
    const windows = written.get(stretchMs) ?? new Map<number, WrittenWindow>();
    written.set(stretchMs, windows);
    return windows;
  }

  async function commit(): Promise<void> {
    if (!isChanged) return;
    const manifests = [...staged].map((fromMs) => ({
      fromMs,
      windows: [...windowsOf(fromMs).values()].sort((a, b) => a.fromMs - b.fromMs),
    }));
    const moved = await moveExportCheckpoint(kv, deviceId, {
      from: version,
      to: value,
      also: (op) => manifests.forEach((manifest) => stageManifest(op, deviceId, manifest)),
    });
    if (moved === null) throw new CheckpointMoved(deviceId);
    version = moved;
    isChanged = false;
    staged.clear();
  }

  return {
    value: () => value,
    stage(change) {
      value = { ...value, ...change };
      isChanged = true;
    },
    async open({ fromMs, toMs }) {
      // What is staged of other windows is forgotten with them.
      if (staged.size > 0) await commit();
      const last = stretchAt(value.plan, toMs - 1);
      const span = { fromMs: startOf(fromMs), toMs: last.toMs };
      const found = await listManifests(kv, deviceId, span);
      written.clear();
      for (const window of found) windowsOf(startOf(window.fromMs)).set(window.fromMs, window);
      return found.filter((window) => window.fromMs >= fromMs && window.fromMs < toMs);
    },
    written: (fromMs) => written.get(startOf(fromMs))?.get(fromMs) ?? null,
    stageWindow(fromMs, window) {
      const stretchMs = startOf(fromMs);
      staged.add(stretchMs);
      if (window === null) windowsOf(stretchMs).delete(fromMs);
      else windowsOf(stretchMs).set(fromMs, window);
      isChanged = true;
    },
    commit,
  };
}
