import { auditRetentionDuty } from "../../../jobs/upkeep/audit_retention.ts";
import { createAudit } from "../../../kv/audit/audit.ts";
import { listAudit } from "../../../kv/audit/audit_log.ts";
import { assertEquals } from "../../support/assert.ts";

const DAY_MS = 86_400_000;
const LEASE = { v: 1 as const, owner: "me", epoch: 1, untilMs: 0, cursor: null };

Deno.test("over a year, entries are kept for their days and no longer", async () => {
  using kv = await Deno.openKv(":memory:");
  const clock = { nowMs: 0 };
  const now = () => clock.nowMs;
  const log = () => {};
  const audit = createAudit({ kv, owner: "p", now, log });
  const duty = auditRetentionDuty({ kv, auditDays: 90, now, log });
  for (let day = 0; day < 365; day++) {
    clock.nowMs = day * DAY_MS;
    await audit.record({
      caller: { actor: { kind: "anonymous", id: "", name: "" } },
      address: null,
      action: "device.change",
      subject: { kind: "device", id: String(day) },
      outcome: "done",
    });
    await duty.round({ signal: new AbortController().signal, lease: LEASE });
    const entries = await Array.fromAsync(listAudit(kv, { isNewestFirst: false }));
    // One of exactly 90 days ago is still there.
    assertEquals(entries.length, Math.min(day + 1, 91));
    assertEquals(entries[0].record.subject?.id, String(Math.max(0, day - 90)));
  }
});
