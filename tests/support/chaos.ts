/**
 * Three processes over one database server and one S3, while faults come at random: processes are killed,
 * the database server is killed or paused. Exports and readings go on, and in the end it is counted what
 * was lost or doubled.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { assert, assertEquals } from "./assert.ts";
import { type KvServer, startKvServer } from "./kv_server.ts";
import { type Environment, pause, type ServiceProcess, startProcess } from "./process.ts";
import { openS3Box } from "./s3_server.ts";
import { startS3Double } from "./s3_double.ts";
import { askJson, type JsonAnswer } from "./service.ts";
import { makeTempFolder } from "./temp_folder.ts";

/** How long it goes on, and how much. */
export interface ChaosOptions {
  /** How long faults come, milliseconds. */
  readonly durationMs: number;
  /** Shows what happens; nothing by default. */
  readonly show?: (line: string) => void;
  /** Random numbers, 0 to 1. */
  readonly random?: () => number;
}

/** What happened. */
export interface ChaosReport {
  /** Faults by name. */
  readonly faults: Readonly<Record<string, number>>;
  /** Readings that were acknowledged, and those among them that are not stored, or more than once. */
  readonly readings: {
    readonly acknowledged: number;
    readonly lost: number;
    readonly extra: number;
  };
  /** Exports that were accepted; those that did not complete with the right bytes; jobs nobody asked for. */
  readonly exports: { readonly accepted: number; readonly lost: number; readonly extra: number };
  /** Requests by status; 0 for those without an answer. */
  readonly answers: Readonly<Record<number, number>>;
  /** The longest time that a request took, milliseconds. */
  readonly longestMs: number;
}

/** How many instances there are, devices that send, and clients that export. */
const INSTANCES = 3, DEVICES = 8, EXPORTERS = 3;
/** How long the database server is paused. */
const PAUSE_MS = 10_000;
/** From here on, devices have a reading each minute. */
const FROM_MS = Date.UTC(2026, 0, 5);
const METRICS = { soc_percent: 50, voltage_v: 300, current_a: 1, temp_c: null };
/** What is exported: readings of the demo meter, which do not change. */
const RANGES = [["2024-01-01", "2024-06-30"], ["2024-03-01", "2024-03-31"], [
  "2025-07-14",
  "2025-07-14",
]].map(([start_datetime, end_datetime]) => ({ start_datetime, end_datetime }));

/** Lets everything run under faults, then without, and counts. */
export async function runChaos(
  { durationMs, show = () => {}, random = Math.random }: ChaosOptions,
): Promise<ChaosReport> {
  await using folder = await makeTempFolder();
  await using server = await startKvServer(folder.path);
  await using s3 = startS3Double();
  const env = await settings(server, s3);
  const instances = Array.from({ length: INSTANCES }, () => openInstance(folder.path, env));
  await using stack = new AsyncDisposableStack();
  for (const instance of instances) stack.use(instance);
  await Promise.all(instances.map((instance) => instance.start()));
  const client = createClient(instances, random);
  const expected = await expectedDigests(client);
  const end = Date.now() + durationMs;
  let hasFaults = true;
  const isOver = () => !hasFaults && Date.now() >= end;
  const [faults, acknowledged, accepted] = await Promise.all([
    bringFaults({ server, instances, random, show, endMs: end }).finally(() => hasFaults = false),
    Promise.all(Array.from({ length: DEVICES }, (_, device) => send(client, device, isOver))),
    Promise.all(Array.from({ length: EXPORTERS }, () => exportAll(client, random, isOver))),
  ]);
  show("no more faults; everything that was accepted must end");
  return {
    faults,
    readings: await countReadings(client, acknowledged),
    exports: await countExports(client, accepted.flat(), expected),
    answers: client.answers,
    longestMs: client.longestMs(),
  };
}

async function settings(
  server: KvServer,
  s3: ReturnType<typeof startS3Double>,
): Promise<Environment> {
  const { bucket } = await openS3Box(s3);
  const { endpoint, region, credentials } = s3.access;
  if (credentials.kind !== "keys") throw new TypeError("Cannot use S3 as its credentials change");
  return {
    ...server.env,
    FILE_STORE: `s3://${bucket}/files`,
    S3_ENDPOINT: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    DEMO_DATA: "true",
    RATE_LIMIT_REQUESTS: "100000",
  };
}

/** A process that is started again after it was killed. */
interface Instance extends AsyncDisposable {
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Its address; null while it does not run. */
  url(): string | null;
}

function openInstance(folder: string, env: Environment): Instance {
  let running: ServiceProcess | null = null;
  return {
    async start() {
      running = await startProcess(folder, env);
    },
    async kill() {
      const killed = running;
      running = null;
      killed?.kill("SIGKILL");
      await killed?.ended;
    },
    url: () => running?.url ?? null,
    [Symbol.asyncDispose]: async () => await running?.[Symbol.asyncDispose](),
  };
}

/** Brings faults until the time is over, each kind at least once. Everything runs then. */
async function bringFaults(
  { server, instances, random, show, endMs }: {
    server: KvServer;
    instances: readonly Instance[];
    random: () => number;
    show: (line: string) => void;
    endMs: number;
  },
): Promise<Record<string, number>> {
  const faults: Record<string, number> = {};
  const kinds: Record<string, () => Promise<void>> = {
    "process killed": async () => {
      const one = instances[Math.floor(random() * instances.length)];
      await one.kill();
      await pause(random() * 1_000);
      await one.start();
    },
    "database killed": async () => {
      await server.kill();
      await pause(random() * 2_000);
      await server.restart();
    },
    "database paused": async () => {
      server.signal("SIGSTOP");
      await pause(PAUSE_MS);
      server.signal("SIGCONT");
    },
    "process and database killed": async () => {
      const one = instances[Math.floor(random() * instances.length)];
      await Promise.all([one.kill(), server.kill()]);
      // It starts first, so it has to wait for the database.
      const starting = one.start();
      await pause(random() * 2_000);
      await server.restart();
      await starting;
    },
  };
  const names = Object.keys(kinds);
  // Each kind once at first.
  for (let round = 0; round < names.length || Date.now() < endMs; round++) {
    await pause(500 + random() * 2_000);
    const name = names[round < names.length ? round : Math.floor(random() * names.length)];
    faults[name] = (faults[name] ?? 0) + 1;
    show(name);
    await kinds[name]();
  }
  return faults;
}

/** Sends requests to any instance, again and again until one is answered. */
interface Client {
  /** The first answer with a status below 500. */
  ask(path: string, init?: RequestInit): Promise<JsonAnswer>;
  /** The address of an instance, when all run. */
  url(): string;
  readonly answers: Record<number, number>;
  longestMs(): number;
}

function createClient(instances: readonly Instance[], random: () => number): Client {
  const answers: Record<number, number> = {};
  let longestMs = 0;
  return {
    answers,
    url: () => instances[0].url() ?? "",
    longestMs: () => longestMs,
    async ask(path, init) {
      for (;;) {
        const url = instances[Math.floor(random() * instances.length)].url();
        if (url === null) {
          await pause(20);
          continue;
        }
        const startMs = performance.now();
        const answer = await askJson(url + path, init).catch(() => null);
        longestMs = Math.max(longestMs, performance.now() - startMs);
        const status = answer?.status ?? 0;
        answers[status] = (answers[status] ?? 0) + 1;
        if (answer !== null && status < 500) return answer;
        await pause(50);
      }
    },
  };
}

function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  const type = { "content-type": "application/json" };
  return { method: "POST", headers: { ...type, ...headers }, body: JSON.stringify(body) };
}

/** Sends the readings of a device, a minute after the other, and returns how many were acknowledged. */
async function send(client: Client, device: number, isOver: () => boolean): Promise<number> {
  let count = 0;
  for (; !isOver(); count++) {
    const timestamp = new Date(FROM_MS + count * 60_000).toISOString();
    const message = { device_id: `chaos-${device}`, timestamp, metrics: METRICS };
    const { status } = await client.ask("/telemetry", post(message));
    // 200 if it was stored although the answer got lost.
    assert(status === 200 || status === 201, `a reading got ${status}`);
  }
  return count;
}

/** An accepted export. */
interface Accepted {
  readonly id: string;
  readonly range: number;
}

/** Asks for exports, one after the other, each with a key of its own. */
async function exportAll(
  client: Client,
  random: () => number,
  isOver: () => boolean,
): Promise<Accepted[]> {
  const accepted: Accepted[] = [];
  while (!isOver()) {
    const range = Math.floor(random() * RANGES.length);
    accepted.push({ id: await createExport(client, range), range });
    await pause(200);
  }
  return accepted;
}

async function createExport(client: Client, range: number): Promise<string> {
  const body = { smart_meter_id: "123", ...RANGES[range], format: "csv" };
  const key = { "idempotency-key": crypto.randomUUID() };
  const { status, body: { job_id } } = await client.ask("/api/exports", post(body, key));
  assert(status === 200 || status === 202, `an export got ${status}`);
  return String(job_id);
}

/** The digest of each range, from exports without faults. They count as accepted by nobody. */
async function expectedDigests(client: Client): Promise<string[]> {
  const digests: string[] = [];
  for (const range of RANGES.keys()) {
    const id = await createExport(client, range);
    digests.push((await endOf(client, id)).file.sha256);
    await client.ask(`/api/exports/${id}`, { method: "DELETE" });
  }
  return digests;
}

async function endOf(client: Client, id: string): Promise<JsonAnswer["body"]> {
  for (;;) {
    const { body } = await client.ask(`/api/exports/${id}`);
    if (!["pending", "processing", "running"].includes(body.status)) return body;
    await pause(100);
  }
}

async function countReadings(
  client: Client,
  acknowledged: readonly number[],
): Promise<ChaosReport["readings"]> {
  let lost = 0, extra = 0;
  for (const [device, count] of acknowledged.entries()) {
    const { body: { count: stored } } = await client.ask(`/devices/chaos-${device}`);
    lost += Math.max(0, count - stored);
    extra += Math.max(0, stored - count);
  }
  return { acknowledged: acknowledged.reduce((sum, one) => sum + one, 0), lost, extra };
}

async function countExports(
  client: Client,
  accepted: readonly Accepted[],
  expected: readonly string[],
): Promise<ChaosReport["exports"]> {
  let lost = 0;
  for (const { id, range } of accepted) {
    const { status, file } = await endOf(client, id);
    if (status !== "completed" || file.sha256 !== expected[range]) lost++;
  }
  for (const { id, range } of accepted.slice(-2)) {
    assertEquals(await downloadDigest(client, id), expected[range]);
  }
  const listed = new Set<string>();
  for (let path: string | null = "/api/exports?limit=100"; path !== null;) {
    const { body }: JsonAnswer = await client.ask(path);
    for (const { id } of body.exports) listed.add(id);
    path = body.next;
  }
  const ids = new Set(accepted.map(({ id }) => id));
  return { accepted: ids.size, lost, extra: listed.difference(ids).size };
}

async function downloadDigest(client: Client, id: string): Promise<string> {
  const bytes = await (await fetch(`${client.url()}/api/export/download/${id}`)).bytes();
  return createHash("sha256").update(bytes).digest("hex");
}
