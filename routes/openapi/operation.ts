/**
 * What an operation of the API says of itself. Each one stands in the file beside the routes it
 * describes; `routes/openapi/document.ts` makes the OpenAPI document of all of them.
 *
 * @module
 */

import type { z } from "zod";
import type { HeaderName } from "./answer_headers.ts";
import type { AnsweredCode } from "./problem_schema.ts";

/** An example by its name: one sentence, the value, and the query it needs where it needs one. */
export type Examples = Readonly<
  Record<string, { summary: string; value: unknown; "x-query"?: string }>
>;

/** One thing that a request may say beside its body. */
export interface Parameter {
  /** Where it stands. One in the path is required, all others are not. */
  readonly in: "path" | "query" | "header";
  /** Its name, as the request spells it. */
  readonly name: string;
  /** What it does, in Markdown. */
  readonly description: string;
  /** What it may be, as the service reads it. */
  readonly schema: z.ZodType;
  /** A value that works. */
  readonly example: unknown;
}

/** A body in one media type. */
export interface Content {
  /** The media type, without parameters. */
  readonly mediaType: string;
  /** What the body may be. */
  readonly schema: z.ZodType;
  /** Bodies that work. */
  readonly examples?: Examples;
}

/** An answer that is no problem. */
export interface Answer {
  /** The HTTP status. */
  readonly status: number;
  /** When it is given and what it means, in Markdown. */
  readonly description: string;
  /** Headers that it always has. */
  readonly headers?: readonly HeaderName[];
  /** Headers that it has at times. */
  readonly mayHave?: readonly HeaderName[];
  /** Its body in each media type that it may have; none by default. */
  readonly content?: readonly Content[];
}

/** One method of one path. */
export interface Operation {
  /** The method. */
  readonly method: "get" | "head" | "post" | "put" | "delete";
  /** The path as OpenAPI spells it, parameters in braces. */
  readonly path: string;
  /** A name that no other operation has, for generated clients. */
  readonly id: string;
  /** The group that it is shown in, one of `TAGS`. */
  readonly tag: TagName;
  /** A few words. */
  readonly summary: string;
  /** All there is to know, in Markdown. */
  readonly description: string;
  /** What a request may say beside its body. */
  readonly parameters?: readonly Parameter[];
  /** The body it must have, in each media type that is taken. */
  readonly body?: readonly Content[];
  /** Whether it may also have no body; by default it may not. */
  readonly isBodyOptional?: boolean;
  /** Answers that are no problem. */
  readonly answers: readonly Answer[];
  /** Problems it can answer beyond `INTERNAL_ERROR` and `SERVICE_STOPPING`, which all can. */
  readonly problems: readonly AnsweredCode[];
}

/** The groups, in the order in which they are shown, each with a sentence. */
export const TAGS = {
  Exports: "Readings of a smart meter as a file, made by a job.",
  Meters: "Smart meters and their readings.",
  Reports: "How long stores were up and down within their business hours.",
  Telemetry: "Readings that devices send.",
  Devices: "Devices, what they measured, and whether they are heard.",
  "Continuous exports": "Telemetry as files in a folder or S3, as it comes in.",
  Stores: "Polls of stores, when they are open, and where.",
  Service: "Whether the service is up and able to work.",
  Documents: "This document, and pages that show it.",
} as const;

/** The name of a group. */
export type TagName = keyof typeof TAGS;

/** HEAD of what a GET describes: the same answers without their bodies. */
export function headOf(get: Operation): Operation {
  return {
    ...get,
    method: "head",
    id: `${get.id}Headers`,
    summary: `${get.summary}: headers only`,
    description: `Answers as GET does, without the body.`,
    answers: get.answers.map(({ content: _, ...answer }) => answer),
  };
}
