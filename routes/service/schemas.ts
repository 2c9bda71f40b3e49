/**
 * The answers of `GET /health` and `GET /ready`: schemas for the OpenAPI document, and the types by
 * which the routes build them.
 *
 * @module
 */

import { z } from "zod";

/** The service is up. */
export const healthSchema = z.strictObject({
  status: z.literal("healthy"),
  name: z.literal("openwatts").meta({ description: "Which service this is." }),
  message: z.literal("ready for queries and writes").meta({
    description: "The same in words, as clients of InfluxDB show it.",
  }),
  version: z.string().min(1).meta({ description: "The release.", examples: ["0.2.0"] }),
  timestamp: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/).meta({
    format: "date-time",
    description: "The clock of the service.",
    examples: ["2024-02-01T08:00:00.000Z"],
  }),
}).meta({ description: "The service is up." });

/** The answer of a service that is up. */
export type Health = z.infer<typeof healthSchema>;

const PART_TEXTS = {
  kv: "The database answers.",
  file_store: "The file store accepts files.",
  worker_running: "A process runs jobs.",
};

const continuousPart = (description: string) => z.boolean().optional().meta({ description });

/** The parts of continuous export, which are there only if it is on. */
const CONTINUOUS_PARTS = {
  checkpoint_store_connected: continuousPart("The checkpoints of continuous export are readable."),
  destination_accessible: continuousPart("The folder of continuous export accepts files."),
  s3_accessible: continuousPart("The bucket of continuous export accepts objects."),
};

/** Only there if something is damaged. */
const STORED_DATA = z.literal(false).optional().meta({
  description:
    "Stored readings are damaged; `reason` says of how many days, and the log of which. Absent if " +
    "this process knows of none. The service works on without them.",
});

const CHECKS_TEXT =
  "Each part and whether it works. Continuous export adds its parts if it is on. " +
  "The service is ready even if they fail, unless `READY_REQUIRES_DESTINATION` is `true` and the " +
  "destination fails.";

/** The service can do its work. */
export const readySchema = z.strictObject({
  ready: z.literal(true),
  checks: z.strictObject({
    kv: z.literal(true).meta({ description: PART_TEXTS.kv }),
    file_store: z.literal(true).meta({ description: PART_TEXTS.file_store }),
    worker_running: z.literal(true).meta({ description: PART_TEXTS.worker_running }),
    ...CONTINUOUS_PARTS,
    stored_data: STORED_DATA,
  }).meta({ id: "ReadyChecks", description: CHECKS_TEXT }),
  reason: z.string().min(1).optional().meta({
    description: "Which parts of continuous export fail, and why, and on how many days stored " +
      "readings are damaged. Absent if there is nothing to say.",
    examples: ["destination_accessible: The file store has no room left"],
  }),
}).meta({ description: "The service can do its work." });

/** The answer of a service that can do its work. */
export type Ready = z.infer<typeof readySchema>;

/** The service cannot do its work, and why. */
export const notReadySchema = z.strictObject({
  ready: z.literal(false),
  checks: z.strictObject({
    kv: z.boolean().meta({ description: PART_TEXTS.kv }),
    file_store: z.boolean().meta({ description: PART_TEXTS.file_store }),
    worker_running: z.boolean().meta({ description: PART_TEXTS.worker_running }),
    ...CONTINUOUS_PARTS,
    stored_data: STORED_DATA,
  }).meta({ id: "NotReadyChecks", description: CHECKS_TEXT }),
  reason: z.string().min(1).meta({
    description: "Which parts fail, and why.",
    examples: ["worker_running: no process runs jobs"],
  }),
}).meta({ description: "The service cannot do its work." });

/** The answer of a service that cannot do its work. */
export type NotReady = z.infer<typeof notReadySchema>;
