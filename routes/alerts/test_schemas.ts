/**
 * The answer of a test of an alert.
 *
 * @module
 */

import { z } from "zod";
import { METER_ID_PATTERN } from "../../data/limits.ts";
import { count, instant } from "../openapi/schema_parts.ts";

const subjectId = z.string().regex(METER_ID_PATTERN).meta({
  description: "The id of a device, meter or store.",
  examples: ["test-001"],
});

const transition = z.enum(["firing", "resolved"]).meta({
  id: "AlertTransition",
  description: "What a message reports: `firing` or `resolved`.",
  examples: ["firing"],
});

const move = z.strictObject({
  at: instant("When.", "2024-01-01T12:05:00Z"),
  state: z.enum(["ok", "pending", "firing", "muted"]).meta({
    description: "The new state.",
    examples: ["firing"],
  }),
  value: z.number().nullable().meta({
    description: "The value that decided it, or null.",
    examples: [46.5],
  }),
  flapping: z.boolean().meta({ description: "Whether it flaps.", examples: [false] }),
}).meta({ id: "AlertMove", description: "A change of the state of a subject." });

const testedSubject = z.strictObject({
  id: subjectId,
  state_before: z.enum(["ok", "pending", "firing"]).meta({
    description: "Its state at the start.",
    examples: ["ok"],
  }),
  firings: count("How often a message would have said that it fires.", 1),
  moves: z.array(move).meta({ description: "The first 100 changes of its state." }),
}).meta({ id: "TestedSubject", description: "A subject that was not ok all the time." });

const testMessage = z.strictObject({
  at: instant("When.", "2024-01-01T12:05:10Z"),
  transition,
  count: count("How many subjects it is about.", 1),
  ids: z.array(subjectId).meta({ description: "The ids of the first 20 of them." }),
}).meta({ id: "AlertTestMessage", description: "A message that would have been sent." });

/** The result of a test. */
export const alertTestResult = z.strictObject({
  from: instant("The start of the time.", "2024-01-01T00:00:00Z"),
  to: instant("The end of the time.", "2024-01-02T00:00:00Z"),
  tested: count("How many subjects were tested.", 12),
  has_more: z.boolean().meta({
    description: "Whether there are more subjects, which were left out.",
    examples: [false],
  }),
  firings: count("How often subjects would have fired, with a message.", 1),
  message_count: count("How many messages there would have been.", 2),
  messages: z.array(testMessage).meta({ description: "The first 100 of them." }),
  subjects: z.array(testedSubject).meta({
    description: "The first 100 subjects that were not ok all the time, in the order of ids.",
  }),
}).meta({
  description: "What an alert would have said, had every reading come at its own time.",
});

/** The result of a test. */
export type AlertTestBody = z.infer<typeof alertTestResult>;
