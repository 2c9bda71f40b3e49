/**
 * How an operation of the API describes itself. Descriptions stand next to the routes that they
 * describe; `routes/openapi/document.ts` builds the OpenAPI document from all of them.
 *
 * @module
 */

import type { z } from "zod";
import type { HeaderName } from "./answer_headers.ts";
import type { AnsweredCode } from "./problem_schema.ts";

/** Examples by name: a sentence, the value, and the query string that the value needs, if any. */
export type Examples = Readonly<
  Record<string, { summary: string; value: unknown; "x-query"?: string }>
>;

/** A parameter of a request: everything except the body. */
export interface Parameter {
  /** Where it stands. */
  readonly in: "path" | "query" | "header";
  /** Whether requests need it; by default only if it is in the path. */
  readonly isRequired?: boolean;
  /** Its name in the request. */
  readonly name: string;
  /** What it does, in Markdown. */
  readonly description: string;
  /** The values that the service accepts, as it reads them. */
  readonly schema: z.ZodType;
  /** A value that works. */
  readonly example: unknown;
}

/** A body in one media type. */
export interface Content {
  /** The media type, without parameters. */
  readonly mediaType: string;
  /** The bodies that are possible. */
  readonly schema: z.ZodType;
  /** Bodies that work. */
  readonly examples?: Examples;
}

/** How to call another operation with values from a response (an OpenAPI link). */
export interface Link {
  /** The `id` of the other operation. */
  readonly operationId: string;
  /** Parameters of the other operation as OpenAPI runtime expressions: `$response.body#/job_id`. */
  readonly parameters: Readonly<Record<string, string>>;
  /** What the other operation is for, in Markdown. */
  readonly description: string;
}

/** A response that is not a problem. */
export interface Answer {
  /** The HTTP status. */
  readonly status: number;
  /** When the service sends it and what it means, in Markdown. */
  readonly description: string;
  /** Headers that it always has. */
  readonly headers?: readonly HeaderName[];
  /** Headers that it sometimes has. */
  readonly mayHave?: readonly HeaderName[];
  /** Its body in each possible media type; no body by default. */
  readonly content?: readonly Content[];
  /** What you can call next, by the name of the link. */
  readonly links?: Readonly<Record<string, Link>>;
}

/**
 * One method of one path. HEAD works wherever GET does and answers the same without a body, so no
 * operation describes it.
 */
export interface Operation {
  /** The method. */
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** The path as OpenAPI spells it, parameters in braces. */
  readonly path: string;
  /** A name unique among operations. Generated clients name their functions after it. */
  readonly id: string;
  /** The group it belongs to, one of {@link TAGS}. */
  readonly tag: TagName;
  /** A few words. */
  readonly summary: string;
  /** Everything there is to know, in Markdown. */
  readonly description: string;
  /** Its parameters. */
  readonly parameters?: readonly Parameter[];
  /** The request body in each media type that the service accepts. */
  readonly body?: readonly Content[];
  /** Whether a request may leave the body out; by default it may not. */
  readonly isBodyOptional?: boolean;
  /** Responses that are not problems. */
  readonly answers: readonly Answer[];
  /** Whether its answers list its errors too, as they are no problems: other clients define them. */
  readonly hasOwnErrors?: boolean;
  /** Codes of its problems, besides those that all share (`document.ts`). */
  readonly problems: readonly AnsweredCode[];
}

/** The groups in the order in which the pages show them, each with a sentence. */
export const TAGS = {
  Exports: "Export the readings of a smart meter to a file. A job writes it.",
  Schedules: "Exports and reports that run again and again.",
  Meters: "Smart meters and their readings.",
  Reports: "How long stores were up and down within their business hours.",
  Telemetry: "Readings that devices send.",
  "Line protocol": "Readings in InfluxDB's line protocol, as its clients send them.",
  Devices: "Devices, their readings, and whether they are online.",
  Profiles: "What devices and meters measure: built-in profiles, and those that you define.",
  "Continuous exports": "Telemetry exported as it arrives, as files in a folder or in S3.",
  Stores: "Stores: their polls, business hours and time zones.",
  Webhooks: "Tell other programs what happened: signed requests to a URL of yours.",
  Alerts: "Be told when a value, a device, a meter or a store needs attention.",
  Access: "Who may use the service, and who changed what.",
  Mails: "Links in mails that cancel them.",
  Keys: "Keys: who may do what.",
  Deletions: "Delete many things at once, and follow deletions of every kind.",
  Service: "Whether the service is up and can do its work.",
  Documents: "This document, and pages that display it.",
} as const;

/** The name of a group. */
export type TagName = keyof typeof TAGS;
