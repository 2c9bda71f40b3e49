import { METER_EXPORT } from "../../jobs/exports/meter_export_contract.ts";
import { EXPORT, exportParamsOf, exportSpecOf } from "../../jobs/exports/export_contract.ts";
import { endEvent, jobEndStage } from "../../jobs/end_events.ts";
import { cancelled, claimed, completed, failed, newJob } from "../../jobs/engine/transitions.ts";
import type { JobRecord } from "../../kv/jobs/jobs.ts";
import { costOf } from "../../kv/budget.ts";
import { assert, assertEquals } from "../support/assert.ts";

const PLAIN = { meterId: "house-1", fromMs: 0, toMs: 86_400_000, format: "csv" };

function running(changes: Partial<Parameters<typeof newJob>[0]> = {}): JobRecord {
  const job = { id: "j", kind: METER_EXPORT, params: PLAIN, owner: "key:k", slot: null };
  return claimed(newJob({ ...job, ...changes }, 1_000), "w", 2_000);
}

function ended(job: JobRecord): JobRecord {
  const artifact = {
    name: "j.1",
    filename: "house-1.csv",
    contentType: "text/csv",
    sizeBytes: 7,
    sha256: "0".repeat(64),
  };
  const result = { recordCount: 3, missingIntervals: null };
  return completed(job, 3_000, { artifact, result, fileExpiresMs: 4_000 });
}

Deno.test("the end of an export costs one more mutation, whoever listens", () => {
  const stage = jobEndStage(ended(running()));
  assert(stage !== null);
  assertEquals(costOf(stage).mutations, 1);
});

Deno.test("a job that is cancelled, and one of another kind, end without an event", () => {
  assertEquals(jobEndStage(cancelled(running(), 3_000, 4_000)), null);
  assertEquals(jobEndStage(ended(running({ kind: "delete_meter" }))), null);
});

Deno.test("the event of an export says what it wrote, for whom, and has the id of its cause", () => {
  const event = endEvent(ended(running()));
  assertEquals(event?.id, endEvent(ended(running()))?.id);
  assertEquals([event?.type, event?.account, event?.atMs], ["export.completed", "key:k", 3_000]);
  assertEquals(event?.sources, [{ kind: "meter", id: "house-1" }]);
  assertEquals(event?.data, {
    export_id: "j",
    row_count: 3,
    meters: ["house-1"],
    source_count: 1,
    from: "1970-01-01T00:00:00Z",
    to: "1970-01-02T00:00:00Z",
    status_path: "/api/exports/j",
    download_path: "/api/export/download/j",
    created_at: "1970-01-01T00:00:01Z",
    ended_at: "1970-01-01T00:00:03Z",
    file: {
      name: "house-1.csv",
      content_type: "text/csv",
      size_bytes: 7,
      sha256: "0".repeat(64),
      expires_at: "1970-01-01T00:00:04Z",
    },
  });
});

Deno.test("a failed export has an event with its error, and no file", () => {
  const error = { code: "SMART_METER_NOT_FOUND", message: "It is not there", details: "" };
  const event = endEvent(failed(running(), 3_000, { error, keptUntilMs: 4_000 }));
  assertEquals(event?.type, "export.failed");
  assertEquals(event?.data.error, error);
  assert(event !== null && !("file" in event.data) && !("download_path" in event.data));
});

Deno.test("the event of an export of 1,000 long ids fits a stored value, and shows itself to nobody else", () => {
  const ids = Array.from({ length: 1_000 }, (_, n) => `site-a.${"x".repeat(50)}${n}`);
  const params = exportParamsOf({ ...exportSpecOf(PLAIN), ids });
  const targets = {
    notify: { email: Array.from({ length: 20 }, (_, n) => `${"a".repeat(60)}${n}@example.com`) },
    deliver: Array.from({ length: 10 }, (_, n) => ({
      to: `s3://bucket/${"p".repeat(900)}${n}`,
      name: "n".repeat(1_000),
    })),
  };
  const job = ended(running({ kind: EXPORT, params, targets }));
  const stage = jobEndStage(job);
  assert(stage !== null);
  assert(costOf(stage).mutations === 1);
  assertEquals(endEvent(job)?.sources, [{ kind: "meter", id: `site-a.${"x".repeat(50)}*` }]);
  assertEquals(endEvent(job)?.recipients?.length, 30);
});
