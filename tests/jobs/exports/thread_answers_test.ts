import { AppError } from "../../../data/app_error.ts";
import { exportProfile } from "../../../data/exports/outputs.ts";
import type { ExportSpec } from "../../../data/exports/spec.ts";
import type { FileWriter, KeptFile } from "../../../data/files/file_store.ts";
import { emptyPage, type Page } from "../../../data/readings/page.ts";
import { NO_CHECKPOINTS } from "../../../jobs/engine/checkpoints.ts";
import { DeadWorkerError, type ThreadTask } from "../../../jobs/engine/thread.ts";
import { exportSpecOf } from "../../../jobs/exports/export_contract.ts";
import { planExport } from "../../../jobs/exports/export_file.ts";
import { createExportTally } from "../../../jobs/exports/export_tally.ts";
import type { ExportCalls } from "../../../jobs/exports/thread_contract.ts";
import { type ThreadWriteDeps, writeInThread } from "../../../jobs/exports/write_in_thread.ts";
import type { PackedChunk, PackedRead } from "../../../kv/series/packed_read.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { never } from "../../support/file_store_box.ts";
import { builtInProfiles } from "../../support/profiles.ts";
import { DAY, DAY_MS } from "../../support/series.ts";

const SPEC = exportSpecOf({ meterId: "m1", fromMs: DAY, toMs: DAY + 9 * DAY_MS, format: "csv" });
const SPAN: NonNullable<ExportCalls["chunk"]["ask"]["begin"]> = {
  ref: { profile: "meter", id: "m1" },
  span: { fromMs: SPEC.fromMs, toMs: SPEC.toMs },
};
const CHUNK_ASK = { read: 1, begin: SPAN, progress: { done: 0, share: 0 } };
const DEATH = new DeadWorkerError("shot");
const BYTES = new Uint8Array(3);
const KEPT: KeptFile = { name: "a", sizeBytes: 3, sha256: "", more: null };

/** Asks as a worker does. */
type Ask = <Name extends keyof ExportCalls>(
  name: Name,
  ask: ExportCalls[Name]["ask"],
) => Promise<unknown>;

/** What differs from an export whose reads and files work. */
interface Parts {
  readonly folder?: string;
  readonly spec?: ExportSpec;
  readonly signal?: AbortSignal;
  readonly isDue?: () => boolean;
  readonly openWriter?: ThreadWriteDeps["files"]["openWriter"];
  readonly chunks?: PackedRead["chunks"];
}

/** Writes an export with a worker that only asks, and dies then. Returns the calls of the file store. */
async function askAndDie(parts: Parts, asks: (ask: Ask) => Promise<unknown>): Promise<string[]> {
  const { spec = SPEC, signal = never, isDue = () => false, chunks = noChunks() } = parts;
  const calls: string[] = [];
  const writer: FileWriter = {
    name: "a",
    async write() {
      calls.push("write");
      await Promise.resolve();
      calls.push("write fails");
      throw new AppError("STORAGE_UNAVAILABLE", "The file store does not answer");
    },
    keep() {
      calls.push("keep");
      return Promise.resolve(KEPT);
    },
    finish() {
      calls.push("finish");
      return Promise.resolve(KEPT);
    },
    close() {
      calls.push("close");
      return Promise.resolve();
    },
  };
  const profile = await builtInProfiles().current("meter");
  if (profile === undefined) throw new Error("there is no profile");
  const writing = writeInThread(
    {
      series: { readPacked: () => ({ chunks, overlay: noOverlay, counted() {}, damaged() {} }) },
      kv: { getMany: () => Promise.reject(new Error("nothing is read")) },
      files: {
        folder: parts.folder,
        openWriter: parts.openWriter ?? (() => Promise.resolve(writer)),
        discard(name) {
          calls.push(`discard ${name}`);
          return Promise.resolve();
        },
      },
      threads: {
        count: 1,
        async run({ answer }: ThreadTask) {
          await asks(answer);
          throw DEATH;
        },
        [Symbol.dispose]() {},
      },
    },
    {
      jobId: "j",
      params: null,
      createdMs: 0,
      artifactName: "a",
      signal,
      progress() {},
      checkpoints: { ...NO_CHECKPOINTS, isDue },
      waitIdle: (wait) => wait(),
      log() {},
    },
    {
      plan: planExport(spec, exportProfile(profile, spec.sourceKind), [null]),
      tally: createExportTally(spec, [null]),
      from: null,
      saver: { save: () => Promise.resolve(), warn() {}, hasSaved: () => false },
    },
  );
  await assertRejects(() => writing, DeadWorkerError);
  return calls;
}

function noOverlay(): Promise<Page> {
  return Promise.resolve(emptyPage(0));
}

async function* noChunks(): AsyncGenerator<PackedChunk> {}

Deno.test("after a write that fails, nothing more is written or kept, and the file is closed once", async () => {
  const calls = await askAndDie({}, async (ask) => {
    await ask("open", null);
    const asked = [ask("write", BYTES), ask("write", BYTES), ask("keep", null)];
    const closing = ask("close", null);
    for (const one of asked) await assertRejects(() => one, AppError, "does not answer");
    await closing;
  });
  assertEquals(calls, ["write", "write fails", "close"]);
});

Deno.test("a file that is opened while the worker dies is closed", async () => {
  const closed: string[] = [];
  const opening = Promise.withResolvers<FileWriter>();
  const calls = await askAndDie({ openWriter: () => opening.promise }, (ask) => {
    void ask("open", null);
    setTimeout(() =>
      opening.resolve({
        name: "a",
        write: () => Promise.resolve(),
        keep: () => Promise.resolve(null),
        finish: () => Promise.resolve(KEPT),
        close() {
          closed.push("close");
          return Promise.resolve();
        },
      })
    );
    return Promise.resolve();
  });
  assertEquals([calls, closed], [[], ["close"]]);
});

Deno.test("after a death, what is in a folder is discarded, and this thread's own file is closed", async () => {
  const asks = (ask: Ask) => ask("open", null);
  assertEquals(await askAndDie({}, asks), ["close"]);
  assertEquals(await askAndDie({ folder: "/f" }, () => Promise.resolve()), ["discard a"]);
});

Deno.test("only a format with cuts asks whether a checkpoint is due", async () => {
  for (const [format, expected] of [["csv", 2], ["parquet", 0]] as const) {
    let asked = 0;
    const spec = { ...SPEC, format };
    const isDue = () => ++asked > 0;
    await askAndDie({ spec, isDue }, async (ask) => {
      assertEquals(await ask("chunk", CHUNK_ASK), {
        value: { chunk: null, isCutDue: expected > 0 },
      });
      assertEquals(await ask("look", CHUNK_ASK.progress), { value: expected > 0 });
    });
    assertEquals(asked, expected, format);
  }
});

Deno.test("a run that is aborted does not wait for a read that hangs", async () => {
  const aborter = new AbortController();
  const reason = new DOMException("stopping", "AbortError");
  const hangs: PackedRead["chunks"] = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
  };
  await askAndDie({ chunks: hangs, signal: aborter.signal }, async (ask) => {
    const asked = ask("chunk", CHUNK_ASK);
    aborter.abort(reason);
    assertEquals(await asked.catch((error) => error), reason);
  });
});
