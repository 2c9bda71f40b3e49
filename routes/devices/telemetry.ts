/**
 * Telemetry of devices over HTTP: one message, or a batch of any length.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import { AppError } from "../../data/app_error.ts";
import { JSON_BODY_MAX_BYTES } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import type { RateLimit } from "../../data/devices/rate_window.ts";
import type { AcceptedTimes } from "../../data/time/accepted_times.ts";
import { readTelemetry } from "../../data/devices/message.ts";
import { createTelemetryReader, messagePage } from "../../data/devices/message_reader.ts";
import type { DeviceIntake } from "../../kv/devices/intake.ts";
import { bodyForm } from "../http/body_form.ts";
import { invalidRequest } from "../http/problem.ts";
import { limitHeaders, rateLimited } from "../http/rate_limit.ts";
import { securedJson } from "../http/security_headers.ts";
import { takeBatch } from "./telemetry_batch.ts";
import { uploadBytes } from "../http/upload_body.ts";

const MEDIA_TYPES = ["application/json", "application/x-ndjson"] as const;

const BRACKET = 91;
const BLANKS = [9, 10, 13, 32, 0xef, 0xbb, 0xbf];
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** A body that came whole, or comes piece by piece. */
type Chunks = [Uint8Array] | AsyncGenerator<Uint8Array>;

/** What the routes need. */
export interface TelemetryDeps {
  /** What takes readings. */
  readonly intake: DeviceIntake;
  /** How often a device may send. */
  readonly limit: RateLimit;
  /** Which times readings may have. */
  readonly acceptedTimes: AcceptedTimes;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** `POST /telemetry`. */
export function telemetryRoutes(deps: TelemetryDeps): Hono {
  return new Hono().post("/telemetry", async (c) => {
    const request = c.req.raw;
    const { mediaType, isGzip } = bodyForm(request, MEDIA_TYPES, ["gzip", "identity"]);
    const length = Number(request.headers.get("content-length") ?? NaN);
    // A short body comes whole, as reading its stream costs much of what a single message takes;
    // but of lines those that came are taken where the rest does not.
    const isShort = !isGzip && length <= JSON_BODY_MAX_BYTES;
    const chunks: Chunks = isShort && mediaType === "application/json"
      ? [await wholeBytes(request)]
      : uploadBytes(request.body, isGzip, () => {});
    if (mediaType === "application/x-ndjson") return await takeMany(c, deps, "lines", chunks);
    const { isArray, all } = await beginning(chunks);
    if (isArray) return await takeMany(c, deps, "array", all);
    return await takeOne(deps, await wholeJson(all));
  });
}

async function takeOne(deps: TelemetryDeps, message: unknown): Promise<Response> {
  const { intake, limit, now, acceptedTimes } = deps;
  const result = readTelemetry(message, now(), acceptedTimes);
  if ("problems" in result) throw invalidRequest(result.problems);
  const { telemetry } = result;
  const { deviceId: id, profile } = telemetry;
  const taken = await intake.accept({ id, profile, page: messagePage(telemetry), isCounted: true });
  if (taken.kind === "limited") return rateLimited(id, limit, taken.waitMs);
  if (taken.kind === "other profile") {
    const detail = `metrics must be those of the profile ${taken.profile}, which device ${id} has`;
    throw invalidRequest([{ pointer: "/metrics", detail, value: profile, rule: "profile" }]);
  }
  const headers = Object.fromEntries(limitHeaders(limit, taken));
  if (taken.created > 0) return securedJson('{"status":"created"}', 201, headers);
  return securedJson('{"status":"updated"}', 200, headers);
}

async function takeMany(
  c: Context,
  deps: TelemetryDeps,
  form: "array" | "lines",
  chunks: Chunks,
): Promise<Response> {
  const outcome = await takeBatch(deps, createTelemetryReader(form, deps), chunks);
  if ("limitedId" in outcome) return rateLimited(outcome.limitedId, deps.limit, outcome.waitMs);
  return c.json(outcome);
}

async function wholeBytes(request: Request): Promise<Uint8Array> {
  try {
    return await request.bytes();
  } catch (cause) {
    throw new AppError("MALFORMED_BODY", "The upload broke off", {
      details: "Nothing of it was stored",
      cause,
    });
  }
}

/** Whether a body begins an array; nothing of it is lost. */
async function beginning(chunks: Chunks): Promise<{ isArray: boolean; all: Chunks }> {
  if (chunks instanceof Array) return { isArray: firstByte(chunks[0]) === BRACKET, all: chunks };
  const read: Uint8Array[] = [];
  for (;;) {
    const next = await chunks.next();
    const all = joined(read, chunks);
    if (next.done) return { isArray: false, all };
    read.push(next.value);
    const first = firstByte(next.value);
    if (first !== undefined) return { isArray: first === BRACKET, all };
  }
}

/** Text before the first bracket is white space or a byte order mark, or no array. */
function firstByte(bytes: Uint8Array): number | undefined {
  return bytes.find((byte) => !BLANKS.includes(byte));
}

async function* joined(
  read: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* read;
  yield* rest;
}

/** A JSON value of bounded length. */
async function wholeJson(chunks: Chunks): Promise<unknown> {
  try {
    if (chunks instanceof Array) return JSON.parse(UTF8.decode(chunks[0]));
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let text = "", size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > JSON_BODY_MAX_BYTES) {
        const rule = `A single message must have at most ${JSON_BODY_MAX_BYTES} bytes`;
        throw new AppError("BODY_TOO_LARGE", rule);
      }
      text += decoder.decode(chunk, { stream: true });
    }
    return JSON.parse(text + decoder.decode());
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("MALFORMED_BODY", "The body is not valid JSON in UTF-8", { cause });
  }
}
