/**
 * Exported objects in S3 when any step of an export meets any fault.
 *
 * @module
 */

import { openS3Destination } from "../../data/continuous/s3_destination.ts";
import { createS3Client } from "../../data/s3/client.ts";
import type { S3Patience } from "../../data/s3/request.ts";
import { DAY_MS } from "../../data/limits.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FAULTS, startFaultProxy } from "../support/fault_proxy.ts";
import { never } from "../support/file_store_box.ts";
import { createContinuousReference } from "../support/continuous_reference.ts";
import { openContinuousRig } from "../support/continuous_rig.ts";
import { openS3Box, type S3Server } from "../support/s3_server.ts";
import { s3StepOf, WRITE_STEPS } from "../support/s3_steps.ts";

const FROM_MS = Date.UTC(2026, 0, 5);
/** The shortest line of the files, bytes. */
const LINE_BYTES = 45;

/** Defines a test for every fault at every step of an export. */
export function testContinuousS3(
  place: string,
  openServer: () => Promise<S3Server>,
  { patience, ignore = false }: {
    patience: Pick<S3Patience, "timeoutMs" | "retryMaxMs">;
    ignore?: boolean;
  },
): void {
  for (const step of WRITE_STEPS) {
    for (const fault of FAULTS) {
      Deno.test({
        name: `exported objects are correct and no upload is open: ${fault} at ${step} (${place})`,
        ignore,
        fn: () => meetFault(openServer, { step, fault, patience }),
      });
    }
  }
  Deno.test({
    name: `the sweep aborts uploads of exported objects and no others (${place})`,
    ignore,
    fn: () => sweepBesideOthers(openServer),
  });
}

/** Another process may be uploading the file of a job below the same prefix. */
async function sweepBesideOthers(openServer: () => Promise<S3Server>): Promise<void> {
  await using server = await openServer();
  const { client } = await openS3Box(server);
  const call = { signal: never };
  const object = "device_id=D1/date=2026/02/07/export_120000.csv";
  const hive = "profile=battery/date=2026-02-07/device_id=D1/export_120000.csv";
  const own = [`telemetry/${object}`, `telemetry/${hive}`];
  for (const key of [...own, "telemetry/report.csv", `other/${object}`, `other/${hive}`]) {
    await client.createUpload(key, call);
  }
  const destination = openS3Destination({ client, prefix: "telemetry" });
  assertEquals(await destination.sweep(never), 2);
  const left = await Array.fromAsync(client.listUploads({ ...call, prefix: "" }));
  assertEquals(left.map(({ key }) => key).toSorted(), [
    `other/${object}`,
    `other/${hive}`,
    "telemetry/report.csv",
  ]);
}

async function meetFault(
  openServer: () => Promise<S3Server>,
  { step, fault, patience: some }: {
    step: typeof WRITE_STEPS[number];
    fault: typeof FAULTS[number];
    patience: Pick<S3Patience, "timeoutMs" | "retryMaxMs">;
  },
): Promise<void> {
  await using server = await openServer();
  const { bucket, client } = await openS3Box(server);
  await using proxy = startFaultProxy(server.access.endpoint);
  const patience = { ...some, tries: 2, retryBaseMs: 5 };
  const broken = createS3Client({ ...server.access, endpoint: proxy.url, bucket, patience });
  const { partBytes } = server;
  const destination = openS3Destination({ client: broken, prefix: "telemetry", partBytes });
  await using rig = await openContinuousRig(DAY_MS, FROM_MS + 5 * DAY_MS);
  const reference = createContinuousReference();
  // One day is uploaded in parts, the other in one request.
  const count = Math.ceil(partBytes * 2.2 / LINE_BYTES);
  await write(FROM_MS, count);
  await write(FROM_MS + 2 * DAY_MS, 3);
  const duties = await rig.startDuties({
    destination,
    style: { prefix: "telemetry", layout: "plain", format: "csv" },
  });
  proxy.setRule({ matches: (request) => s3StepOf(request) === step, fault });
  await rig.round(duties);
  rig.clock.nowMs += 10_000;
  await rig.round(duties);
  proxy.setRule(null);
  // HEAD is sent only if an answer was not conclusive.
  assert(proxy.met() > 0 || step === "head");
  // Longer than any back-off.
  rig.clock.nowMs += 100_000;
  await rig.round(duties);
  const call = { signal: never, prefix: "" };
  assertEquals(await Array.fromAsync(client.listUploads(call)), []);
  const found: Record<string, string> = {};
  for await (const { key } of client.list(call)) {
    found[key] = await new Response(await client.get(key, call)).text();
  }
  const expected = Object.entries(reference.files(DAY_MS, Infinity))
    .map(([path, text]) => [`telemetry/${path}`, text]);
  assert(found[expected[0][0]]?.length > 2 * partBytes, "the first object is uploaded in parts");
  assertEquals(found, Object.fromEntries(expected));

  async function write(fromMs: number, rows: number): Promise<void> {
    const stepMs = Math.floor(DAY_MS / rows);
    const timesMs = Float64Array.from({ length: rows }, (_, row) => fromMs + row * stepMs);
    const column = (scale: number, valueOf: (row: number) => number) => ({
      scale,
      values: Float64Array.from({ length: rows }, (_, row) => valueOf(row)),
    });
    const columns = [
      column(0, () => 50),
      column(1, () => 3_005),
      column(0, (row) => row % 900),
      column(0, () => NaN),
    ];
    if (rows > 3) await rig.addDevice("D1");
    await rig.series.write({ profile: "battery", id: "D1" }, { timesMs, columns });
    for (let row = 0; row < rows; row++) {
      reference.set("D1", timesMs[row], [50, 300.5, row % 900, null]);
    }
  }
}
