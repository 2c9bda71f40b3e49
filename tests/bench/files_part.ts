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
import type { Figure, Target } from "./figure.ts";
import { type Contestant, race, type RaceResult, timed } from "./race.ts";
import { raceFigures } from "./ratio.ts";
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
    async run() {
      await store.remove("a");
      return await timed(() => store.write("a", body(), signal));
    },
  }));
  const reads: Contestant[] = stores.map(({ name, store }) => ({
    name,
    path: null,
    run: () => timed(() => readAll(store)),
  }));
  bench.details(`\n${(CHUNKS * CHUNK_BYTES / 1e6).toFixed(0)} MB written to a file store.\n`);
  const written = await race(writes, bench.options);
  bench.details(resultsTable(written, { ratio: "× folder" }));
  bench.details("\nThe same read.\n");
  const read = await race(reads, bench.options);
  bench.details(resultsTable(read, { ratio: "× folder" }));
  return [
    ...folderRatios("26 MB written to", written, TARGETS.kvFileWrite),
    ...folderRatios("26 MB read from", read, TARGETS.kvFileRead),
  ];
}

/** Each store in a database next to the folder. */
function folderRatios(
  what: string,
  [folder, ...databases]: readonly RaceResult[],
  target: Target,
): Figure[] {
  return databases.flatMap((database) => {
    const other = { ...folder, contestant: { ...folder.contestant, target } };
    return raceFigures(`${what} ${database.contestant.name}`, [database, other], { as: "long" });
  });
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
