/**
 * The short way of a single telemetry message that is right: most requests of a service are such ones,
 * and what all routes have in common costs more than storing a reading.
 *
 * It only takes requests of which nothing but the path, the type and the length of the body matters:
 * without authentication, limits of requests and origins of browsers, with a file as database. What turns
 * out not to be a good message goes through the app like any other request, with the body that was read,
 * and so does an error of the database. So everything but success is worded, logged and counted in one
 * place.
 *
 * @module
 */

import type { Hono } from "hono";
import { accountOf } from "../../data/access/account.ts";
import { anonymousCaller } from "../../data/access/caller.ts";
import { clientAddress } from "../../data/access/client_address.ts";
import { readTelemetry } from "../../data/devices/message.ts";
import { messagePage } from "../../data/devices/message_reader.ts";
import type { LimitSettings } from "../../data/limit_settings.ts";
import { NO_RECORDER } from "../../data/metrics/recorder.ts";
import { currentRequestId, runForRequest } from "../../data/request_context.ts";
import { isTracing } from "../../data/tracing.ts";
import type { Authenticator } from "../access/authenticator.ts";
import { limitHeaders } from "../http/rate_limit.ts";
import { REQUEST_ID_HEADER, requestIdOf } from "../http/request_id.ts";
import { noteRequest, type RequestWatchDeps } from "../http/watch_requests.ts";
import { createDeviceProfiles } from "./device_profiles.ts";
import { acceptedAnswer, failWith, type TelemetryDeps } from "./telemetry.ts";

/** The path of the route. */
const PATH = "/telemetry";
/** Longer bodies are left to the app, which bounds the time and memory that they take. */
const SHORT_BYTES = 4_096;
/** The length of a short body, as HTTP writes it. */
const LENGTH = /^\d{1,4}$/;
const UTF8 = new TextDecoder("utf-8", { fatal: true });

type ParametersAfterFirst<F extends (...all: never[]) => unknown> = Parameters<F> extends
  [unknown, ...infer Rest] ? Rest : never;

/** What the short way needs. */
export interface QuickTelemetryDeps extends TelemetryDeps, RequestWatchDeps {
  /** The ways to prove who one is; null if authentication is off. */
  readonly authenticators: readonly Authenticator[] | null;
  /** What callers may send. */
  readonly limits: Pick<LimitSettings, "requestRate" | "trustedProxies">;
  /** Origins whose pages may read answers. */
  readonly corsOrigins: readonly string[];
  /** Whether no other process uses the database; false by default. */
  readonly isExclusive?: boolean;
  /** How long calls of the database have waited without any answer, milliseconds. */
  readonly waitingMs?: () => number;
}

/** Answers a request, with what the server knows of its connection. */
type Fetch = Hono["fetch"];

/** A handler of all requests that answers good telemetry messages itself, and passes on all others. */
export function quickTelemetry(deps: QuickTelemetryDeps, app: Fetch): Fetch {
  const { authenticators, limits, corsOrigins, record = NO_RECORDER } = deps;
  const isPossible = authenticators === null && limits.requestRate === null &&
    limits.trustedProxies === 0 && corsOrigins.length === 0 && deps.isExclusive === true;
  if (!isPossible) return app;

  async function answer(
    request: Request,
    id: string,
    rest: ParametersAfterFirst<Fetch>,
  ): Promise<Response> {
    const startedMs = deps.now(), startMs = performance.now();
    record.shift("openwatts_http_requests_running", [], 1);
    let outcome: Outcome;
    let bytes: Uint8Array<ArrayBuffer> | null = null;
    try {
      bytes = await wholeBytes(request);
      outcome = bytes === null
        ? null
        : await acceptOne(deps, bytes, { id, socket: addressOf(rest[0]) });
    } finally {
      record.shift("openwatts_http_requests_running", [], -1);
    }
    if (!(outcome instanceof Response)) {
      const again = bytes === null ? request : new Request(request, { body: bytes });
      if (outcome !== null) failWith(again, outcome.error);
      return await app(again, ...rest);
    }
    const response = outcome;
    const { status } = response;
    noteRequest(deps, { method: "POST", path: PATH, route: PATH, status, startedMs, startMs });
    return response;
  }

  return (request, ...rest) => {
    const isAway = deps.waitingMs !== undefined && deps.waitingMs() > 0;
    if (isTracing() || isAway || !isShortMessage(request)) return app(request, ...rest);
    const id = currentRequestId() ?? requestIdOf(request.headers);
    return runForRequest(id, () => answer(request, id, rest));
  };
}

/** Whether a request may be a single message: JSON of a known, short length that is not compressed. */
function isShortMessage({ method, url, headers }: Request): boolean {
  if (method !== "POST" || !url.endsWith(PATH)) return false;
  if (url.indexOf("/", url.indexOf("://") + 3) !== url.length - PATH.length) return false;
  if (headers.get("content-type") !== "application/json") return false;
  const length = headers.get("content-length");
  return length !== null && LENGTH.test(length) && Number(length) <= SHORT_BYTES &&
    !headers.has("content-encoding") && !headers.has("transfer-encoding");
}

/** The address of the other end of the connection. */
function addressOf(info: unknown): string {
  const { remoteAddr }: Partial<Deno.ServeHandlerInfo> = info ?? {};
  return remoteAddr !== undefined && "hostname" in remoteAddr ? remoteAddr.hostname : "";
}

/** The body; null if it broke off. */
async function wholeBytes(request: Request): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return await request.bytes();
  } catch {
    // The app finds that, too, and says it.
    return null;
  }
}

/** A parsed message; undefined if it is no JSON in UTF-8. */
function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch {
    return undefined;
  }
}

/** The answer to a message whose reading was stored; null if the app has to look at it; or what failed. */
type Outcome = Response | { readonly error: unknown } | null;

async function acceptOne(
  deps: QuickTelemetryDeps,
  bytes: Uint8Array,
  { id: requestId, socket }: { id: string; socket: string },
): Promise<Outcome> {
  const { acceptedTimes, profiles, quotas, limit, intake, now } = deps;
  const message = parsed(bytes);
  if (message === undefined) return null;
  const { profileOf } = createDeviceProfiles(deps);
  const result = readTelemetry(message, now(), { acceptedTimes, profiles, profileOf });
  if ("problems" in result) return null;
  const { telemetry } = result;
  const { deviceId: id, profile: { name: profile, life }, form } = telemetry;
  const address = clientAddress({ socket, xForwardedFor: null, forwarded: null, proxies: 0 });
  const caller = anonymousCaller(address);
  const account = accountOf(caller);
  const page = messagePage(telemetry);
  try {
    const room = quotas.requireRoom({ account, limits: caller.limits });
    if (room !== undefined) await room;
    const given = { id, profile, life, form, account, page, isCounted: true };
    const accepted = await intake.accept(given);
    if (accepted.kind !== "accepted") return null;
    // Headers that are set later would cost as much as all others together.
    const headers = Object.fromEntries(limitHeaders(limit, accepted));
    return acceptedAnswer(accepted, telemetry, { ...headers, [REQUEST_ID_HEADER]: requestId });
  } catch (error) {
    return { error };
  }
}
