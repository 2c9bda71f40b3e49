import { assertEquals } from "../../support/assert.ts";
import type { JobTargets } from "../../../data/notify/targets.ts";
import { completed, failed, newJob } from "../../../jobs/engine/transitions.ts";
import { EXPORT, exportParamsOf, exportSpecOf } from "../../../jobs/exports/export_contract.ts";
import { STORE_REPORT } from "../../../jobs/stores/report_contract.ts";
import { jobRecipients } from "../../../jobs/targets/target_contract.ts";
import type { JobRecord } from "../../../kv/jobs/jobs.ts";

const NOW_MS = Date.parse("2024-03-01T05:05:00Z");
const MONTH = exportParamsOf({
  ...exportSpecOf({ meterId: "DE:1", fromMs: 0, toMs: 1, format: "csv" }),
  fromMs: Date.parse("2024-02-01T00:00:00+01:00"),
  toMs: Date.parse("2024-03-01T00:00:00+01:00"),
  zone: "Europe/Berlin",
});

function jobOf(
  { kind = EXPORT, params = MONTH, isFailed = false, targets }: {
    kind?: string;
    params?: JobRecord["params"];
    isFailed?: boolean;
    targets: JobTargets | undefined;
  },
): JobRecord {
  const job = newJob({
    id: "4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a",
    kind,
    params,
    owner: "anyone",
    slot: null,
    ...(targets === undefined ? {} : { targets }),
  }, NOW_MS);
  if (isFailed) {
    const error = { code: "EXPORT_FAILED", message: "It failed", details: "" };
    return failed(job, NOW_MS, { error, keptUntilMs: NOW_MS });
  }
  return completed(job, NOW_MS, {
    artifact: {
      name: "x.1",
      filename: "smart_meter_DE_1_20240201_20240229.csv.gz",
      contentType: "application/gzip",
      sizeBytes: 1,
      sha256: "0".repeat(64),
    },
    result: null,
    fileExpiresMs: NOW_MS,
  });
}

const TARGETS: JobTargets = {
  notify: { email: ["a@example.com", "b@example.com"], webhook: ["w1", "w3"] },
  deliver: [
    { to: "email", email: ["B@example.com", "c@example.com"] },
    { to: "webhook", webhook: ["w1", "w2"] },
    { to: "folder", name: "{meter}/{start:yyyy-MM}.{ext}" },
    { to: "s3://grid/files" },
  ],
};

Deno.test("each address, webhook and place is a recipient of its own, once; files go with their mails", () => {
  assertEquals(jobRecipients(jobOf({ targets: TARGETS })), [
    { kind: "email", to: ["a@example.com"] },
    { kind: "email", to: ["B@example.com"], hasFile: true },
    { kind: "email", to: ["c@example.com"], hasFile: true },
    { kind: "webhook", id: "w1", hasFile: true },
    { kind: "webhook", id: "w3" },
    { kind: "webhook", id: "w2", hasFile: true },
    { kind: "place", url: "folder", name: "DE_1/2024-02.csv.gz" },
    { kind: "place", url: "s3://grid/files", name: "smart_meter_DE_1_20240201_20240229.csv.gz" },
  ]);
  assertEquals(jobRecipients(jobOf({ targets: undefined })), []);
});

Deno.test("a job that failed tells everyone, and writes nothing", () => {
  assertEquals(jobRecipients(jobOf({ targets: TARGETS, isFailed: true })).map(({ kind }) => kind), [
    "email",
    "email",
    "email",
    "webhook",
    "webhook",
    "webhook",
  ]);
});

Deno.test("mails of a scheduled job are cancelled with those of the schedule", () => {
  const origin = { kind: "schedule", id: "s1" } as const;
  const targets = { notify: { email: ["a@example.com"] }, origin };
  assertEquals(jobRecipients(jobOf({ targets })), [
    { kind: "email", to: ["a@example.com"], origin },
  ]);
});

Deno.test("a report has the times of its range, and a name without its value becomes the plain one", () => {
  const name = "{start:yyyy-MM-dd}_{end:yyyy-MM-dd}_{created:yyyyMMddHHmm}.{format}";
  const targets = { deliver: [{ to: "folder", name }] };
  const range = { zone: "America/New_York", from: "2024-01-01", to: "2024-01-31" };
  const params = { asOfMs: null, maxHoldMs: null, range, format: "xlsx" };
  const nameOf = (changes: Parameters<typeof jobOf>[0]) => jobRecipients(jobOf(changes));
  assertEquals(nameOf({ kind: STORE_REPORT, params, targets }), [
    { kind: "place", url: "folder", name: "2024-01-01_2024-01-31_202403010005.xlsx" },
  ]);
  const without = { asOfMs: null, maxHoldMs: null };
  assertEquals(nameOf({ kind: STORE_REPORT, params: without, targets }), [
    { kind: "place", url: "folder", name: "smart_meter_DE_1_20240201_20240229.csv.gz" },
  ]);
});
