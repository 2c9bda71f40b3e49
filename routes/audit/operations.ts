/**
 * `GET /api/audit`, for the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import { AUDIT_ACTIONS } from "../../data/audit/actions.ts";
import type { Operation, Parameter } from "../openapi/operation.ts";
import { auditList, auditQuery } from "./schemas.ts";

const ACTIONS = Object.entries(AUDIT_ACTIONS).map(([name, text]) => `- \`${name}\`: ${text}.`);

function parameter(
  name: keyof typeof auditQuery.shape,
  description: string,
  example: unknown,
): Parameter {
  return { in: "query", name, description, schema: auditQuery.shape[name], example };
}

const list: Operation = {
  method: "get",
  path: "/api/audit",
  id: "listAudit",
  tag: "Access",
  summary: "Read the audit trail",
  description: "Who changed what, when, from where, and with which outcome. Entries are kept for " +
    "`AUDIT_RETENTION_DAYS`.\n\nAn entry is stored before its change is made, and gets its outcome " +
    "afterwards. So no change is missing, even if the process is killed. Equal requests that were " +
    "refused within an hour are one entry with a `count`, so a flood of them takes little room.\n\n" +
    `The actions:\n\n${ACTIONS.join("\n")}`,
  parameters: [
    parameter("from", "The first time, inclusive.", "2026-02-01"),
    parameter("to", "The end, exclusive. A bare date means the end of that day.", "2026-02-07"),
    parameter("actor", "Only entries whose actor has this id, name or kind.", "anonymous"),
    parameter(
      "action",
      "Only this action. The part before the point stands for all of its kind, such as `key`.",
      "device.change",
    ),
    parameter(
      "subject",
      "Only entries about what has this id, or this kind and id, such as `device:test-001`.",
      "device:test-001",
    ),
    parameter("outcome", "Only entries with this outcome.", "done"),
    parameter("order", "`newest` (default) or `oldest` first.", "oldest"),
    parameter(
      "format",
      "`json` (default) answers page by page. `ndjson` and `csv` answer all entries at once, and " +
        "take no `limit` and no `cursor`.",
      "json",
    ),
    parameter("limit", "Entries per page, 1 to 1000; 100 by default.", 10),
    parameter(
      "cursor",
      "Lists only entries after this one. Take it from `next`.",
      "1770451200000_0000001c-4a9c7a4e-8f0e-4c57-9d3f-2b6f0c1d5e7a",
    ),
  ],
  answers: [{
    status: 200,
    description:
      "The entries. A page can have fewer than `limit`, even none, while `next` is not " +
      "null: a request reads at most 10,000 entries, whether they match or not.",
    headers: ["Cache-Control"],
    mayHave: ["Link", "Content-Disposition"],
    content: [
      { mediaType: "application/json", schema: auditList },
      {
        mediaType: "application/x-ndjson",
        schema: z.string().meta({ description: "One `AuditEntry` per line." }),
      },
      {
        mediaType: "text/csv",
        schema: z.string().meta({
          description: "A header, then one line per entry. `details` are JSON.",
          contentMediaType: "text/csv",
        }),
      },
    ],
  }],
  problems: ["INVALID_REQUEST"],
};

/** All operations on the audit trail. */
export const auditOperations: readonly Operation[] = [list];
