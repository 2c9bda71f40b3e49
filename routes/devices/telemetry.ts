/**
 * Telemetry of devices over HTTP: one message, or a batch of any length.
 *
 * @module
 */

import type { Context } from "hono";
import { accountOf } from "../../data/access/account.ts";
import { AppError } from "../../data/app_error.ts";
import type { Caller } from "../../data/access/caller.ts";
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
  type TelemetryResult,
} from "../../data/devices/message.ts";
import { createInternedIds, type InternedId } from "../../data/devices/interned_id.ts";
import { createTelemetryReader, type MessageProblem } from "../../data/devices/message_reader.ts";
import { createMessageRows, type MessageRow } from "../../data/devices/message_rows.ts";
import { createPlainMessages } from "../../data/devices/plain_message.ts";
import type { DeviceIntake, IntakeResult } from "../../kv/devices/intake.ts";
import type { ProfileStore } from "../../kv/profiles/profiles.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { touchOf } from "../access/touch.ts";
import { bodyForm } from "../http/body_form.ts";
import { invalidRequest } from "../http/problem.ts";
import { limitLeft, limitPolicy, rateLimited } from "../http/rate_limit.ts";
import { jsonAnswer, jsonCopies } from "../http/security_headers.ts";
import { type CallerIntakeDeps, intakeOf } from "../readings/caller_intake.ts";
import { createDeviceProfiles, type DeviceProfiles } from "./device_profiles.ts";
import { acceptBatch } from "./telemetry_batch.ts";
import { refusalOf } from "./telemetry_refusals.ts";
import { enterUpload, isLongBody, wholeBody } from "../http/request_body.ts";
import { uploadBytes } from "../http/upload_body.ts";

const MEDIA_TYPES = ["application/json", "application/x-ndjson"] as const;

/** The HTTP status of each result. */
const STATUSES = { created: 201, updated: 200 };
const BRACKET = 91;
const BLANKS = [9, 10, 13, 32, 0xef, 0xbb, 0xbf];
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** A body that is there whole, or arrives in pieces. */
type Chunks = readonly [Uint8Array] | AsyncGenerator<Uint8Array>;

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
  const policy = { "ratelimit-policy": limitPolicy(deps.limit) };
  const answersOf = (status: "created" | "updated") =>
    jsonCopies(JSON.stringify({ status }), STATUSES[status], policy);
  // One table of ids for single messages and batches.
  const internedId = createInternedIds();
  const parts = {
    ...deps,
    internedId,
    intake: { ...deps.intake, reject },
    rowOf: createMessageRows(),
    answers: { created: answersOf("created"), updated: answersOf("updated") },
    policy,
  };
  // Nothing is looked up through it, so all requests share it.
  const known = createDeviceProfiles(deps);
  const plain = createPlainMessages({ ...deps, internedId, profileOf: known.profileOf });

  /** A short body that is JSON: most requests of a service are such ones. */
  function acceptShort(c: Context): Promise<Response> {
    // Neither this nor what it calls is an async function: each would keep up to a kilobyte of a message in
    // memory until its commit is done.
    return wholeBody(c.req.raw).then((bytes) => {
      const telemetry = readPlain(c, bytes);
      if (telemetry !== null) return acceptRead(c, telemetry, () => parsed(bytes));
      return firstByte(bytes) === BRACKET
        ? acceptMany(ownParts(c), "array", [bytes])
        : acceptOne(c, parsed(bytes));
    });
  }

  /** The reading of a message that is written as most are; null for all others, and for those refused. */
  function readPlain(c: Context, bytes: Uint8Array): Telemetry | null {
    const end = plain.read(bytes, 0, bytes.length, deps.now());
    if (end < 0 || end < bytes.length - 1) return null;
    const { deviceId, timeMs, form, profile, values } = plain.telemetry();
    if (touchOf(c.get("caller"), "device")?.(deviceId) === false) return null;
    return { deviceId, timeMs, form, profile, values: values.slice() };
  }

  function readOne(c: Context, message: unknown, { profileOf }: DeviceProfiles): TelemetryResult {
    const mayTouch = touchOf(c.get("caller"), "device");
    return readTelemetry(message, deps.now(), { ...deps, profileOf, mayTouch });
  }

  function acceptOne(c: Context, message: unknown): Promise<Response> {
    const result = readOne(c, message, known);
    if ("problems" in result) return acceptAgain(c, message, refusedBy(result));
    plain.learn(message, result.telemetry);
    return acceptRead(c, result.telemetry, () => message);
  }

  /** Accepts a reading. If what was known may be out of date, the message is read again. */
  function acceptRead(
    c: Context,
    telemetry: Telemetry,
    message: () => unknown,
  ): Promise<Response> {
    return store(c.get("caller"), parts, telemetry).then((answer) =>
      answer instanceof Response ? answer : acceptAgain(c, message(), answer)
    );
  }

  /** Tries a message again if what is known may be out of date; then refuses it. */
  async function acceptAgain(c: Context, message: unknown, first: Refused): Promise<Response> {
    let refused = first;
    if (profileHint(refused.problems) !== "") {
      // What this process knew of the profiles and of the device may be out of date.
      const devices = createDeviceProfiles(deps);
      await deps.profiles.refresh();
      if (refused.deviceId !== null) await devices.find(refused.deviceId);
      const result = readOne(c, message, devices);
      const answer = "problems" in result
        ? refusedBy(result)
        : await store(c.get("caller"), parts, result.telemetry);
      if (answer instanceof Response) return answer;
      refused = answer;
    }
    const { deviceId, problems, problem } = refused;
    if (deviceId !== null) await reject({ id: deviceId, count: 1, problem });
    throw invalidRequest(problems, profileHint(problems));
  }

  function ownParts(c: Context): RequestDeps {
    const caller = c.get("caller");
    return { ...parts, intake: intakeOf(parts, caller), mayTouch: touchOf(caller, "device") };
  }

  /** A body of any length and form. */
  async function acceptAny(c: Context): Promise<Response> {
    const request = c.req.raw;
    const { mediaType, isGzip } = bodyForm(request, MEDIA_TYPES, ["gzip", "identity"]);
    // A short body is read whole, as its stream would cost much of what a single message takes.
    // Lines are not: those that arrived are stored even if the rest does not arrive.
    if (!isGzip && hasShortBody(request) && mediaType === "application/json") {
      return await acceptShort(c);
    }
    using _place = isLongBody(request) ? enterUpload(request) : null;
    const chunks = uploadBytes(request, isGzip, () => {});
    if (mediaType === "application/x-ndjson") {
      return await acceptMany(ownParts(c), "lines", chunks);
    }
    const { isArray, all } = await beginning(chunks);
    if (isArray) return await acceptMany(ownParts(c), "array", all);
    return await acceptOne(c, await wholeJson(all));
  }

  return guardedRoutes().post(
    "/telemetry",
    (c) => isPlainJson(c.req.raw) && hasShortBody(c.req.raw) ? acceptShort(c) : acceptAny(c),
  );
}

/** Whether a body says that it is JSON, in the words that most clients use. */
function isPlainJson({ headers }: Request): boolean {
  return headers.get("content-type") === "application/json" &&
    headers.get("content-encoding") === null;
}

/** Whether a body says that it is short. */
function hasShortBody({ headers }: Request): boolean {
  return Number(headers.get("content-length") ?? NaN) <= JSON_BODY_MAX_BYTES;
}

/** What a batch needs; which devices it may send for, all if there is no such function. */
type RequestDeps = TelemetryDeps & {
  readonly mayTouch: MayTouch | undefined;
  readonly internedId: InternedId;
};

/** A message that is wrong, and the problem that the device shows as its last one. */
type Refused = RejectedTelemetry & { readonly problem: MessageProblem };

/** What single messages have in common. */
interface SingleDeps extends TelemetryDeps {
  /** Puts a message into a page. */
  readonly rowOf: (telemetry: Telemetry) => MessageRow;
  /** The answers to messages with a time. */
  readonly answers: { readonly created: () => Response; readonly updated: () => Response };
  /** The header that says how often a device may send. */
  readonly policy: Readonly<Record<string, string>>;
}

function refusedBy(rejected: RejectedTelemetry): Refused {
  return { ...rejected, problem: rejected.problems[0] };
}

/** The answer to a reading once it is stored, or what is wrong with it. */
function store(
  caller: Caller,
  deps: SingleDeps,
  telemetry: Telemetry,
): Promise<Response | Refused> {
  const { intake, quotas, rowOf } = deps;
  const account = accountOf(caller);
  const room = quotas.requireRoom({ account, limits: caller.limits });
  const accept = () => {
    const { deviceId: id, profile: { name: profile, life }, form } = telemetry;
    const { page, rows } = rowOf(telemetry);
    return intake.accept({ id, profile, life, form, account, page, rows, isCounted: true });
  };
  const accepting = room === undefined ? accept() : room.then(accept);
  return accepting.then((accepted) => answerTo(accepted, telemetry, deps));
}

/** The answer to a message by what happened to it, or what is wrong with it. */
function answerTo(
  accepted: IntakeResult,
  telemetry: Telemetry,
  { limit, answers, policy }: SingleDeps,
): Response | Refused {
  const { deviceId: id, profile: { name: profile }, form } = telemetry;
  if (accepted.kind === "limited") return rateLimited(id, limit, accepted.waitMs);
  if (accepted.kind !== "accepted") {
    const problem = refusalOf(accepted, { id, profile });
    const rule = accepted.kind === "other profile" ? "profile" : problem.rule;
    return { deviceId: id, problems: [{ ...problem, rule }], problem };
  }
  const status = accepted.created > 0 ? "created" : "updated";
  const answer = form === "server" ? timedAnswer(status, telemetry, policy) : answers[status]();
  answer.headers.append("ratelimit", limitLeft(limit, accepted));
  return answer;
}

/** The answer with the time that the service chose. */
function timedAnswer(
  status: "created" | "updated",
  { timeMs }: Telemetry,
  policy: SingleDeps["policy"],
): Response {
  const text = JSON.stringify({ status, timestamp: instantText(timeMs) });
  return jsonAnswer(text, STATUSES[status], policy);
}

async function acceptMany(
  deps: RequestDeps,
  form: "array" | "lines",
  chunks: Chunks,
): Promise<Response> {
  const devices = createDeviceProfiles(deps);
  const reader = createTelemetryReader(form, { ...deps, ...devices });
  const outcome = await acceptBatch({ ...deps, devices }, reader, chunks);
  if ("limitedId" in outcome) return rateLimited(outcome.limitedId, deps.limit, outcome.waitMs);
  return Response.json(outcome);
}

/** Whether a body is an array, by its first byte; the body stays whole. */
async function beginning(
  chunks: AsyncGenerator<Uint8Array>,
): Promise<{ isArray: boolean; all: AsyncGenerator<Uint8Array> }> {
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
  for (let index = 0; index < bytes.length; index++) {
    if (!BLANKS.includes(bytes[index])) return bytes[index];
  }
  return undefined;
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
  try {
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
    throw cause instanceof AppError ? cause : notJson(cause);
  }
}

/** A parsed JSON text in UTF-8. */
function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch (cause) {
    throw notJson(cause);
  }
}

function notJson(cause: unknown): AppError {
  return new AppError("MALFORMED_BODY", "The body is not valid JSON in UTF-8", { cause });
}
