/**
 * Measures the file store in the database beside the folder.
 *
 * @module
 */

import { openDiskFileStore } from "../../data/files/disk.ts";
import type { FileStore } from "../../data/files/file_store.ts";
import { openKvFileStore } from "../../kv/files/kv_file_store.ts";
import { hasKvServer, startKvServer } from "../support/kv_server.ts";
import type { Bench } from "./bench.ts";
import type { Figure } from "./figure.ts";
import { type Contestant, race, timed } from "./race.ts";
import { ratioFigures } from "./ratio.ts";
import { resultsTable } from "./table.ts";
import { TARGETS } from "./targets.ts";

/** 26 MB: about a year of minutes as CSV. */
const CHUNKS = 400;
const CHUNK_BYTES = 65_536;

/** Measures writing and reading 26 MB. */
export async function measureFiles(bench: Bench): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const folder = await bench.folder("files");
  const stores: { name: string; store: FileStore }[] = [
    { name: "a folder", store: await openDiskFileStore(`${folder}/files`) },
    { name: "a database file", store: inKv(stack.use(await Deno.openKv(`${folder}/kv.sqlite3`))) },
  ];
  if (await hasKvServer()) {
    const server = stack.use(await startKvServer(folder));
    Deno.env.set("DENO_KV_ACCESS_TOKEN", server.env.DENO_KV_ACCESS_TOKEN);
    const kv = stack.use(await Deno.openKv(server.env.KV_PATH));
    stores.push({ name: "KV Connect", store: inKv(kv) });
  }
  const signal = new AbortController().signal;
  const writes: Contestant[] = stores.map(({ name, store }) => ({
    name,
    path: null,
    target: name === "a database file" ? TARGETS.kvFileWrite : undefined,
    async run() {
      await store.remove("a");
      return await timed(() => store.write("a", body(), signal));
    },
  }));
  const reads: Contestant[] = stores.map(({ name, store }) => ({
    name,
    path: null,
    target: name === "a database file" ? TARGETS.kvFileRead : undefined,
    run: () => timed(() => readAll(store)),
  }));
  console.log(`\n${(CHUNKS * CHUNK_BYTES / 1e6).toFixed(0)} MB written to a file store.\n`);
  const written = await race(writes, bench.options);
  console.log(resultsTable(written, { ratio: "× folder" }));
  console.log("\nThe same read.\n");
  const read = await race(reads, bench.options);
  console.log(resultsTable(read, { ratio: "× folder" }));
  return [...folderRatios("26 MB written", written), ...folderRatios("26 MB read", read)];
}

/** The ratios to the folder. */
function folderRatios(what: string, results: Parameters<typeof ratioFigures>[1]): Figure[] {
  return ratioFigures(what, results).map((figure) => ({ ...figure, unit: "× folder" }));
}

function inKv(kv: Deno.Kv): FileStore {
  return openKvFileStore({ kv, maxBytes: 1e9, newId: () => crypto.randomUUID() });
}

function body(): ReadableStream<Uint8Array<ArrayBuffer>> {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      if (sent === CHUNKS) controller.close();
      else controller.enqueue(new Uint8Array(CHUNK_BYTES).fill(sent++));
    },
  });
}

async function readAll(store: FileStore): Promise<void> {
  let sizeBytes = 0;
  for await (const chunk of await store.read("a") ?? []) sizeBytes += chunk.length;
  if (sizeBytes !== CHUNKS * CHUNK_BYTES) {
    throw new Error(`Cannot read the whole file: ${sizeBytes}`);
  }
}
