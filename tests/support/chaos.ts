/**
 * Three processes over one database server and one S3, while faults come at random: processes are killed,
 * the database server is killed or paused. Exports and readings go on, and it is counted what was lost or
 * doubled. The S3 is that of Ceph where it is installed, otherwise one in memory.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { assert, assertEquals } from "./assert.ts";
import { hasCeph, startCeph } from "./ceph.ts";
import { createPatientClient, type PatientClient } from "./patient_client.ts";
import { type KvServer, startKvServer } from "./kv_server.ts";
import { type Environment, pause, type ServiceProcess, startProcess } from "./process.ts";
import { openS3Box, type S3Server, s3Settings } from "./s3_server.ts";
import { startS3Double } from "./s3_double.ts";
import type { JsonAnswer } from "./service.ts";
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
  /** The S3 server. */
  readonly s3: "Ceph" | "in memory";
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
/** How many exports each client has at most. It checks and deletes older ones. */
const EXPORTS_KEPT = 5;
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
  const isCeph = await hasCeph();
  await using s3 = isCeph ? await startCeph() : startS3Double();
  const env = await settings(server, s3);
  const instances = Array.from({ length: INSTANCES }, () => openInstance(folder.path, env));
  await using stack = new AsyncDisposableStack();
  for (const instance of instances) stack.use(instance);
  await Promise.all(instances.map((instance) => instance.start()));
  const client = createPatientClient(instances, random);
  const expected = await expectedDigests(client);
  const end = Date.now() + durationMs;
  let hasFaults = true;
  const isOver = () => !hasFaults && Date.now() >= end;
  const [faults, acknowledged, exported] = await Promise.all([
    bringFaults({ server, instances, random, show, endMs: end }).finally(() => hasFaults = false),
    Promise.all(Array.from({ length: DEVICES }, (_, device) => send(client, device, isOver))),
    Promise.all(
      Array.from({ length: EXPORTERS }, () => exportAll(client, { random, isOver, expected })),
    ),
  ]);
  show("no more faults; everything that was accepted must end");
  return {
    s3: isCeph ? "Ceph" : "in memory",
    faults,
    readings: await countReadings(client, acknowledged),
    exports: await countExports(client, exported, expected),
    answers: client.answers,
    longestMs: client.longestMs(),
  };
}

async function settings(server: KvServer, s3: S3Server): Promise<Environment> {
  const { bucket } = await openS3Box(s3);
  return {
    ...server.env,
    ...s3Settings(s3, bucket),
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

function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  const type = { "content-type": "application/json" };
  return { method: "POST", headers: { ...type, ...headers }, body: JSON.stringify(body) };
}

/** Sends the readings of a device, a minute after the other, and returns how many were acknowledged. */
async function send(client: PatientClient, device: number, isOver: () => boolean): Promise<number> {
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

/** What a client has exported. */
interface Exported {
  /** How many of its exports were checked and deleted, and how many of them were lost. */
  readonly checked: number;
  readonly lost: number;
  /** The others. */
  readonly accepted: readonly Accepted[];
}

/** Asks for exports, one after the other, each with a key of its own. */
async function exportAll(
  client: PatientClient,
  { random, isOver, expected }: {
    random: () => number;
    isOver: () => boolean;
    expected: readonly string[];
  },
): Promise<Exported> {
  const accepted: Accepted[] = [];
  let checked = 0, lost = 0;
  while (!isOver()) {
    const range = Math.floor(random() * RANGES.length);
    accepted.push({ id: await createExport(client, range), range });
    for (const oldest of accepted.splice(0, Math.max(0, accepted.length - EXPORTS_KEPT))) {
      checked++;
      if (!await isRight(client, oldest, expected)) lost++;
      await client.ask(`/api/exports/${oldest.id}`, { method: "DELETE" });
    }
    await pause(200);
  }
  return { checked, lost, accepted };
}

async function createExport(client: PatientClient, range: number): Promise<string> {
  const body = { smart_meter_id: "123", ...RANGES[range], format: "csv" };
  const key = { "idempotency-key": crypto.randomUUID() };
  const { status, body: { job_id } } = await client.ask("/api/exports", post(body, key));
  assert(status === 200 || status === 202, `an export got ${status}`);
  return String(job_id);
}

/** The digest of each range, from exports without faults. They count as accepted by nobody. */
async function expectedDigests(client: PatientClient): Promise<string[]> {
  const digests: string[] = [];
  for (const range of RANGES.keys()) {
    const id = await createExport(client, range);
    digests.push((await endOf(client, id)).file.sha256);
    await client.ask(`/api/exports/${id}`, { method: "DELETE" });
  }
  return digests;
}

async function endOf(client: PatientClient, id: string): Promise<JsonAnswer["body"]> {
  for (;;) {
    const { body } = await client.ask(`/api/exports/${id}`);
    if (!["pending", "processing", "running"].includes(body.status)) return body;
    await pause(100);
  }
}

async function countReadings(
  client: PatientClient,
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

/** Whether an export completes with the bytes of one without faults. */
async function isRight(
  client: PatientClient,
  { id, range }: Accepted,
  expected: readonly string[],
): Promise<boolean> {
  const { status, file } = await endOf(client, id);
  return status === "completed" && file.sha256 === expected[range];
}

async function countExports(
  client: PatientClient,
  exported: readonly Exported[],
  expected: readonly string[],
): Promise<ChaosReport["exports"]> {
  const accepted = exported.flatMap((one) => one.accepted);
  let lost = exported.reduce((sum, one) => sum + one.lost, 0);
  for (const one of accepted) if (!await isRight(client, one, expected)) lost++;
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
  const checked = exported.reduce((sum, one) => sum + one.checked, 0);
  return { accepted: checked + ids.size, lost, extra: listed.difference(ids).size };
}

async function downloadDigest(client: PatientClient, id: string): Promise<string> {
  const bytes = await (await fetch(`${client.url()}/api/export/download/${id}`)).bytes();
  return createHash("sha256").update(bytes).digest("hex");
}
