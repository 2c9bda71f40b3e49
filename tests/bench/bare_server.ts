/**
 * A bare server in its own process (`bare_server.ts FOLDER KV_PATH`): what any service in Deno has to
 * do at least, and so the limit of ours. It checks nothing.
 *
 * - `POST /telemetry` parses JSON, or one JSON a line, and commits one value for a group of requests.
 * - `GET /count?month=03` counts the readings of a month that were committed.
 * - `POST /upload` writes its body to a file and syncs it.
 * - `GET /file?path=PATH` sends a file; `GET /json?path=PATH` parses one and sends it as JSON.
 * - `GET /health` answers.
 *
 * @module
 */

/** Most bytes of a value, below the limit of Deno KV. */
const VALUE_BYTES = 60_000;
/** Most characters of the requests of a commit, below its limit of 800 KiB. */
const COMMIT_CHARS = 500_000;

/** Uploads that are kept; more than are sent at once. */
const KEPT_UPLOADS = 16;

/** A request that waits for its commit. */
interface Waiting {
  readonly text: string;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}

/** Commits texts, those that come during a commit together in the next one. */
function createGroups(kv: Deno.Kv): (text: string) => Promise<void> {
  const encoder = new TextEncoder();
  const waiting: Waiting[] = [];
  let commits = 0, isRunning = false;

  async function commit(group: readonly Waiting[]): Promise<void> {
    const bytes = encoder.encode(group.map(({ text }) => text).join("\n"));
    const atomic = kv.atomic();
    for (let at = 0; at < bytes.length; at += VALUE_BYTES) {
      atomic.set(["bare", commits, at], bytes.slice(at, at + VALUE_BYTES));
    }
    commits++;
    await atomic.commit();
  }

  async function run(): Promise<void> {
    isRunning = true;
    while (waiting.length > 0) {
      let chars = 0, count = 0;
      while (count < waiting.length && (count === 0 || chars < COMMIT_CHARS)) {
        chars += waiting[count++].text.length;
      }
      const group = waiting.splice(0, count);
      try {
        await commit(group);
        for (const { done } of group) done();
      } catch (error) {
        for (const { fail } of group) fail(error);
      }
    }
    isRunning = false;
  }

  return (text) =>
    new Promise((done, fail) => {
      waiting.push({ text, done, fail });
      if (!isRunning) run();
    });
}

async function main([folder, kvPath]: readonly string[]): Promise<void> {
  const kv = await Deno.openKv(kvPath);
  const commit = createGroups(kv);
  const counts = new Map<string, number>();
  let uploads = 0;

  async function takeTelemetry(request: Request): Promise<Response> {
    const text = await request.text();
    const isLines = request.headers.get("content-type") === "application/x-ndjson";
    const readings = isLines ? text.trimEnd().split("\n").map((line) => JSON.parse(line)) : [
      JSON.parse(text),
    ];
    await commit(text);
    const month = readings[0].timestamp.slice(5, 7);
    counts.set(month, (counts.get(month) ?? 0) + readings.length);
    return Response.json({ status: "created" }, { status: 201 });
  }

  async function takeUpload(request: Request): Promise<Response> {
    using file = await Deno.create(`${folder}/upload-${uploads++ % KEPT_UPLOADS}`);
    for await (const chunk of request.body ?? []) await writeWhole(file, chunk);
    await file.sync();
    return Response.json({ status: "created" }, { status: 201 });
  }

  const handler = async (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url);
    const path = searchParams.get("path") ?? "";
    switch (pathname) {
      case "/telemetry":
        return await takeTelemetry(request);
      case "/upload":
        return await takeUpload(request);
      case "/count":
        return Response.json(counts.get(searchParams.get("month") ?? "") ?? 0);
      case "/file":
        return new Response((await Deno.open(path)).readable);
      case "/json":
        return Response.json(JSON.parse(await Deno.readTextFile(path)));
      default:
        return Response.json({ status: "ok" });
    }
  };
  const onListen = ({ hostname, port }: Deno.NetAddr) =>
    console.log(`listens on http://${hostname}:${port} `);
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, handler);
}

async function writeWhole(file: Deno.FsFile, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

if (import.meta.main) await main(Deno.args);
