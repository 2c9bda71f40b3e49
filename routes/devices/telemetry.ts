/**
 * Telemetry of devices over HTTP: one message, or a batch of any length.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError } from "../../data/app_error.ts";
import type { MayTouch } from "../../data/access/touch_rule.ts";
import { JSON_BODY_MAX_BYTES } from "../../data/limits.ts";
import type { Log } from "../../data/log.ts";
import type { RateLimit } from "../../data/devices/rate_window.ts";
import type { AcceptedTimes } from "../../data/time/accepted_times.ts";
import { instantText } from "../../data/time/time_text.ts";
import {
  profileHint,
  readTelemetry,
  type RejectedTelemetry,
  type Telemetry,
} from "../../data/devices/message.ts";
import {
  createTelemetryReader,
  messagePage,
  type MessageProblem,
} from "../../data/devices/message_reader.ts";
import type { DeviceIntake } from "../../kv/devices/intake.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { touchOf } from "../access/touch.ts";
import { bodyForm } from "../http/body_form.ts";
import { invalidRequest } from "../http/problem.ts";
import { limitHeaders, rateLimited } from "../http/rate_limit.ts";
import { securedJson } from "../http/security_headers.ts";
import { type CallerIntakeDeps, intakeOf } from "../readings/caller_intake.ts";
import { createDeviceProfiles, type DeviceProfiles } from "./device_profiles.ts";
import { acceptBatch } from "./telemetry_batch.ts";
import { refusalOf } from "./telemetry_refusals.ts";
import { enterUpload, isLongBody, wholeBody } from "../http/request_body.ts";
import { uploadBytes } from "../http/upload_body.ts";

const MEDIA_TYPES = ["application/json", "application/x-ndjson"] as const;

const BRACKET = 91;
const BLANKS = [9, 10, 13, 32, 0xef, 0xbb, 0xbf];
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** A body that is there whole, or arrives in pieces. */
type Chunks = [Uint8Array] | AsyncGenerator<Uint8Array>;

/** What the routes need. */
export interface TelemetryDeps {
  /** Accepts readings. */
  readonly intake: DeviceIntake;
  /** Limits on stored readings. */
  readonly quotas: CallerIntakeDeps["quotas"];
  /** How often a device may send. */
  readonly limit: RateLimit;
  /** Which times readings may have. */
  readonly acceptedTimes: AcceptedTimes;
  /** The profiles. */
  readonly profiles: Pick<ProfileStore, "get" | "ofDevices" | "current" | "refresh">;
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The log. */
  readonly log: Log;
}

/** Requests whose message could not be stored, and why. */
const failures = new WeakMap<Request, { readonly error: unknown }>();

/** Lets the route fail with an error, without trying to store the message again. */
export function failWith(request: Request, error: unknown): void {
  failures.set(request, { error });
}

/** `POST /telemetry`. */
export function telemetryRoutes(deps: TelemetryDeps): GuardedRoutes {
  // A rejection that cannot be recorded does not change the answer.
  const reject: DeviceIntake["reject"] = async (rejected) => {
    try {
      await deps.intake.reject(rejected);
    } catch (error) {
      deps.log("error", "rejection not recorded", { deviceId: rejected.id, error });
    }
  };
  const parts = { ...deps, intake: { ...deps.intake, reject } };
  return guardedRoutes().post("/telemetry", async (c) => {
    const request = c.req.raw;
    const failure = failures.get(request);
    if (failure !== undefined) throw failure.error;
    const caller = c.get("caller");
    const own = {
      ...parts,
      intake: intakeOf(parts, caller),
      mayTouch: touchOf(caller, "device"),
    };
    const { mediaType, isGzip } = bodyForm(request, MEDIA_TYPES, ["gzip", "identity"]);
    const length = Number(request.headers.get("content-length") ?? NaN);
    // A short body is read whole, as its stream would cost much of what a single message takes.
    // Lines are not: those that arrived are stored even if the rest does not arrive.
    const isShort = !isGzip && length <= JSON_BODY_MAX_BYTES;
    using _place = isLongBody(request) ? enterUpload(request) : null;
    const chunks: Chunks = isShort && mediaType === "application/json"
      ? [await wholeBytes(request)]
      : uploadBytes(request, isGzip, () => {});
    if (mediaType === "application/x-ndjson") return await acceptMany(c, own, "lines", chunks);
    const { isArray, all } = await beginning(chunks);
    if (isArray) return await acceptMany(c, own, "array", all);
    return await acceptOne(own, await wholeJson(all));
  });
}

/** What a request needs; which devices it may send for, all if there is no such function. */
type RequestDeps = TelemetryDeps & { readonly mayTouch: MayTouch | undefined };

async function acceptOne(deps: RequestDeps, message: unknown): Promise<Response> {
  const devices = createDeviceProfiles(deps);
  let answer = await tryOne(deps, message, devices);
  if (!(answer instanceof Response) && profileHint(answer.problems) !== "") {
    // What this process knew of the profiles and of the device may be out of date.
    await deps.profiles.refresh();
    if (answer.deviceId !== null) await devices.find(answer.deviceId);
    answer = await tryOne(deps, message, devices);
  }
  if (answer instanceof Response) return answer;
  const { deviceId, problems, problem } = answer;
  if (deviceId !== null) await deps.intake.reject({ id: deviceId, count: 1, problem });
  throw invalidRequest(problems, profileHint(problems));
}

/** A message that is wrong, and the problem that the device shows as its last one. */
type Refused = RejectedTelemetry & { readonly problem: MessageProblem };

/** The answer to a message, or what is wrong with it. */
async function tryOne(
  { intake, limit, now, acceptedTimes, profiles, mayTouch }: RequestDeps,
  message: unknown,
  { profileOf }: DeviceProfiles,
): Promise<Response | Refused> {
  const result = readTelemetry(message, now(), { acceptedTimes, profiles, profileOf, mayTouch });
  if ("problems" in result) return { ...result, problem: result.problems[0] };
  const { telemetry } = result;
  const { deviceId: id, profile: { name: profile, life }, form } = telemetry;
  const page = messagePage(telemetry);
  const accepted = await intake.accept({ id, profile, life, form, page, isCounted: true });
  if (accepted.kind === "limited") return rateLimited(id, limit, accepted.waitMs);
  if (accepted.kind !== "accepted") {
    const problem = refusalOf(accepted, { id, profile });
    const rule = accepted.kind === "other profile" ? "profile" : problem.rule;
    return { deviceId: id, problems: [{ ...problem, rule }], problem };
  }
  return acceptedAnswer(accepted, telemetry, Object.fromEntries(limitHeaders(limit, accepted)));
}

/** The answer to a message whose reading is stored. */
export function acceptedAnswer(
  { created }: { readonly created: number },
  telemetry: Telemetry,
  headers: Readonly<Record<string, string>>,
): Response {
  if (created > 0) return securedJson(resultJson("created", telemetry), 201, headers);
  return securedJson(resultJson("updated", telemetry), 200, headers);
}

/** The result of a message; its time if the service chose it. */
function resultJson(status: "created" | "updated", { form, timeMs }: Telemetry): string {
  if (form !== "server") return `{"status":"${status}"}`;
  return `{"status":"${status}","timestamp":"${instantText(timeMs)}"}`;
}

async function acceptMany(
  c: Context,
  deps: RequestDeps,
  form: "array" | "lines",
  chunks: Chunks,
): Promise<Response> {
  const devices = createDeviceProfiles(deps);
  const reader = createTelemetryReader(form, { ...deps, ...devices });
  const outcome = await acceptBatch({ ...deps, devices }, reader, chunks);
  if ("limitedId" in outcome) return rateLimited(outcome.limitedId, deps.limit, outcome.waitMs);
  return c.json(outcome);
}

async function wholeBytes(request: Request): Promise<Uint8Array> {
  try {
    return await wholeBody(request);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("MALFORMED_BODY", "The upload broke off", {
      details: "Nothing of it was stored",
      cause,
    });
  }
}

/** Whether a body is an array, by its first byte; the body stays whole. */
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

/** The first byte that is neither white space nor part of a byte order mark. */
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
