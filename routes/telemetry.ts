/**
 * Telemetry of devices over HTTP: one message, or a batch of any length.
 *
 * @module
 */

import { type Context, Hono } from "hono";
import { AppError } from "../data/app_error.ts";
import { JSON_BODY_MAX_BYTES } from "../data/limits.ts";
import type { Log } from "../data/log.ts";
import type { RateLimit } from "../data/rate_window.ts";
import { readTelemetry } from "../data/telemetry.ts";
import { createTelemetryReader, messagePage } from "../data/telemetry_read.ts";
import type { DeviceIntake } from "../kv/device_intake.ts";
import { bodyForm } from "./body_form.ts";
import { invalidRequest } from "./problem.ts";
import { limitHeaders, rateLimited } from "./rate_limit.ts";
import { type BatchLimited, type BatchReport, takeBatch } from "./telemetry_batch.ts";
import { uploadBytes } from "./upload_body.ts";

const MEDIA_TYPES = ["application/json", "application/x-ndjson"] as const;

/** What the routes need. */
export interface TelemetryDeps {
  /** What takes readings. */
  readonly intake: DeviceIntake;
  /** How often a device may send. */
  readonly limit: RateLimit;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** `POST /telemetry`. */
export function telemetryRoutes(deps: TelemetryDeps): Hono {
  const { now } = deps;
  return new Hono()
    .post("/telemetry", async (c) => {
      const request = c.req.raw;
      const { mediaType, isGzip } = bodyForm(request, MEDIA_TYPES, ["gzip", "identity"]);
      const chunks = isGzip ? uploadBytes(request.body, isGzip, () => {}) : plainBytes(request);
      if (mediaType === "application/x-ndjson") {
        return batchAnswer(
          c,
          deps,
          await takeBatch(deps, createTelemetryReader("lines", now), chunks),
        );
      }
      const { isArray, all } = await beginning(chunks);
      if (!isArray) return await takeOne(c, deps, await wholeJson(all));
      return batchAnswer(c, deps, await takeBatch(deps, createTelemetryReader("array", now), all));
    });
}

async function takeOne(c: Context, deps: TelemetryDeps, message: unknown): Promise<Response> {
  const { intake, limit, now } = deps;
  const result = readTelemetry(message, now());
  if ("problems" in result) throw invalidRequest(result.problems);
  const { telemetry } = result;
  const { deviceId: id, profile } = telemetry;
  const taken = await intake.take({ id, profile, page: messagePage(telemetry), isCounted: true });
  if (taken.kind === "limited") return rateLimited(id, limit, taken.waitMs);
  if (taken.kind === "other profile") {
    const detail = `metrics must be those of the profile ${taken.profile}, which device ${id} has`;
    throw invalidRequest([{ pointer: "/metrics", detail, value: profile, rule: "profile" }]);
  }
  for (const [name, value] of limitHeaders(limit, taken)) c.header(name, value);
  return taken.created > 0 ? c.json({ status: "created" }, 201) : c.json({ status: "updated" });
}

function batchAnswer(
  c: Context,
  { limit }: TelemetryDeps,
  outcome: BatchReport | BatchLimited,
): Response {
  if ("limitedId" in outcome) return rateLimited(outcome.limitedId, limit, outcome.waitMs);
  return c.json(outcome);
}

/**
 * The bytes of a body. A short one comes whole, as reading its stream costs much of what a single
 * message takes.
 */
async function* plainBytes(request: Request): AsyncGenerator<Uint8Array> {
  const length = Number(request.headers.get("content-length") ?? NaN);
  if (!(length <= JSON_BODY_MAX_BYTES)) return yield* uploadBytes(request.body, false, () => {});
  let bytes: Uint8Array;
  try {
    bytes = await request.bytes();
  } catch (cause) {
    throw new AppError("MALFORMED_BODY", "The upload broke off", {
      details: "Nothing of it was stored",
      cause,
    });
  }
  yield bytes;
}

/** Whether a body begins an array; nothing of it is lost. */
async function beginning(
  chunks: AsyncGenerator<Uint8Array>,
): Promise<{ isArray: boolean; all: AsyncGenerator<Uint8Array> }> {
  const read: Uint8Array[] = [];
  for (;;) {
    const next = await chunks.next();
    if (next.done) return { isArray: false, all: joined(read, chunks) };
    read.push(next.value);
    // Text before the first bracket is white space or a byte order mark, or no array.
    const first = next.value.find((byte) => ![9, 10, 13, 32, 0xef, 0xbb, 0xbf].includes(byte));
    if (first !== undefined) return { isArray: first === 91, all: joined(read, chunks) };
  }
}

async function* joined(
  read: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* read;
  yield* rest;
}

/** A JSON value of bounded length. */
async function wholeJson(chunks: AsyncGenerator<Uint8Array>): Promise<unknown> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "", size = 0;
  try {
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
