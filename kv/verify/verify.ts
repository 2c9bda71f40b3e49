/**
 * Verifying a database and what belongs to it: stored readings, heads, files, objects.
 *
 * @module
 */

import type { ExportDestination } from "../../data/continuous/destination.ts";
import type { KeyStyle } from "../../data/continuous/object_key.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import { listBlockSeries } from "../series/blocks.ts";
import { listHeadSeries } from "../series/heads.ts";
import type { SeriesRef } from "../series/ref.ts";
import { checkFiles, checkObjects } from "./file_check.ts";
import type { Finding, Verification, Verifying } from "./findings.ts";
import { checkSegments, checkSeries } from "./series_check.ts";
import { countSetAside } from "../set_aside.ts";

/** What to verify. */
export interface VerifyOptions {
  /** The database. */
  readonly kv: Deno.Kv;
  /** The files of jobs; null if they are not checked. */
  readonly files: Pick<FileStore, "read"> | null;
  /** Where continuous export writes, and how it names objects; null if they are not checked. */
  readonly objects:
    | { readonly destination: Pick<ExportDestination, "list">; readonly style: KeyStyle }
    | null;
  /** Epoch milliseconds now. */
  readonly nowMs: number;
  /** Whether to set damaged values aside; otherwise, nothing is changed. */
  readonly isRepair: boolean;
  /** Says something about the work. */
  readonly onProgress: (text: string) => void;
}

/**
 * Checks everything. Reads all blocks, files and segments; objects of continuous export are looked for, not
 * read. What cannot be read at all ends the check of its kind with a finding.
 */
export async function verify(options: VerifyOptions): Promise<Verification> {
  const { kv, files, objects, nowMs, isRepair, onProgress } = options;
  const repairMs = isRepair ? nowMs : null;
  const findings: Finding[] = [];
  const checked = { series: 0, blocks: 0, segments: 0, files: 0, objects: 0 };
  const verifying: Verifying = {
    kv,
    checked,
    add: (finding) => findings.push(finding),
    onProgress,
  };

  async function check(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const reason = text.replace(/\s+/g, " ");
      const detail = `${what} cannot be checked: ${reason}`;
      findings.push({ check: "database", detail, isRepaired: false });
    }
  }

  await check("Segments", () => checkSegments(verifying, repairMs));
  await check("Blocks", async () => {
    for await (const ref of allSeries(kv)) {
      await checkSeries(verifying, ref, repairMs);
      onProgress(`Checked ${checked.blocks} blocks of ${checked.series} series`);
    }
  });
  if (files !== null) await check("Files", () => checkFiles(verifying, files, nowMs));
  if (objects !== null) {
    await check("Objects of continuous export", () => checkObjects(verifying, objects));
  }
  return { checked, findings, setAside: await countSetAside(kv) };
}

/** The series that have a head, then those that have blocks without one. */
async function* allSeries(kv: Pick<Deno.Kv, "list">): AsyncGenerator<SeriesRef> {
  const known = new Set<string>();
  for await (const ref of listHeadSeries(kv)) {
    known.add(`${ref.profile}/${ref.id}`);
    yield ref;
  }
  for await (const ref of listBlockSeries(kv)) {
    if (!known.has(`${ref.profile}/${ref.id}`)) yield ref;
  }
}
