/**
 * Line protocol over HTTP, as clients of InfluxDB send it.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError } from "../../data/app_error.ts";
import type { RateLimit } from "../../data/devices/rate_window.ts";
import { createLineReader } from "../../data/line_protocol/line_reader.ts";
import { problemsText } from "../../data/line_protocol/line_problems.ts";
import {
  DEFAULT_PRECISION,
  type Precision,
  PRECISIONS,
  V1_PRECISIONS,
} from "../../data/line_protocol/precision.ts";
import { LINES_BODY_MAX_BYTES, QUOTED_VALUE_MAX } from "../../data/limits.ts";
import type { AcceptedTimes } from "../../data/time/accepted_times.ts";
import { type CallerIntakeDeps, intakeOf } from "../readings/caller_intake.ts";
import type { DeviceIntake } from "../../kv/devices/intake.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { editorOf, touchOf } from "../access/touch.ts";
import {
  challengeOf,
  isFault,
  problemResponse,
  PROBLEMS,
  retryAfterSeconds,
} from "../http/problem.ts";
import { limitHeaders, retryAfter } from "../http/rate_limit.ts";
import { enterUpload, isLongBody } from "../http/request_body.ts";
import { uploadBytes } from "../http/upload_body.ts";
import { acceptLines, type AcceptLinesDeps, type LimitedDevice } from "./accept_lines.ts";
import { type ApiVersion, faultAnswer, versionHeaders, type WriteFault } from "./answers.ts";
import type { PingVersion } from "./schemas.ts";

/** What the routes need. */
export interface LineProtocolDeps extends AcceptLinesDeps {
  /** The release. */
  readonly version: string;
  /** The tags that may name the device of a line; the first one that it has does. */
  readonly idTags: readonly string[];
  /** How often a device may send. */
  readonly limit: RateLimit;
  /** Which times readings may have. */
  readonly acceptedTimes: AcceptedTimes;
  /** Accepts readings. */
  readonly intake: DeviceIntake;
  /** Limits on stored readings. */
  readonly quotas: CallerIntakeDeps["quotas"];
}

/** `POST /api/v2/write`, `POST /write` and `GET /ping`. */
export function lineProtocolRoutes(deps: LineProtocolDeps): GuardedRoutes {
  const headers = versionHeaders(deps.version);
  return guardedRoutes((error, challenge, { req: { path } }) => {
    const all = { ...headers, ...challenge };
    // Clients of InfluxDB read no body of a ping.
    if (path === "/ping") return problemResponse(error, all);
    return faultAnswer(path === "/write" ? 1 : 2, faultOf(error), all);
  })
    .post("/api/v2/write", (c) => write(c, deps, 2))
    .post("/write", (c) => write(c, deps, 1))
    .get("/ping", (c) => {
      const verbose = c.req.query("verbose");
      if (verbose === undefined || verbose === "false" || verbose === "0") {
        return new Response(null, { status: 204, headers });
      }
      const answer: PingVersion = { version: headers["x-influxdb-version"] };
      return Response.json(answer, { headers });
    });
}

async function write(c: Context, deps: LineProtocolDeps, version: ApiVersion): Promise<Response> {
  const headers = versionHeaders(deps.version);
  try {
    const precision = precisionOf(c.req.query("precision"), version);
    using _place = isLongBody(c.req.raw) ? enterUpload(c.req.raw) : null;
    const mayTouch = touchOf(c.get("caller"), "device");
    const reader = createLineReader({ ...deps, precision, mayTouch });
    const own = { ...deps, intake: intakeOf(deps, c.get("caller")) };
    const lines = { reader, precision, mayTouch, editor: editorOf(c.get("caller")) };
    const limited = await acceptLines(own, lines, bodyBytes(c.req.raw));
    if (limited !== null) return limitedAnswer(deps, version, limited);
    const message = problemsText(reader.problems);
    if (message === null) return new Response(null, { status: 204, headers });
    const [{ line }] = reader.problems.first();
    return faultAnswer(version, { status: 400, message, line }, headers);
  } catch (error) {
    const fault = faultOf(error);
    if (isFault(error)) {
      deps.log("error", "request failed", { method: c.req.method, path: c.req.path, error });
    }
    const again = fault.status === 503 ? 1 : retryAfterSeconds(error);
    return faultAnswer(version, fault, {
      ...headers,
      ...challengeOf(error),
      ...(again === null ? {} : { "retry-after": String(again) }),
    });
  }
}

/** The precision of a request. */
function precisionOf(name: string | undefined, version: ApiVersion): Precision {
  if (name === undefined || name === "") return DEFAULT_PRECISION;
  const all = version === 1 ? V1_PRECISIONS : PRECISIONS;
  if (Object.hasOwn(all, name)) return all[name];
  const names = version === 1 ? "n, u, ms, s, m or h" : "ns, us, ms or s";
  throw new AppError(
    "INVALID_REQUEST",
    `invalid precision "${name.slice(0, QUOTED_VALUE_MAX)}": it must be ${names}`,
  );
}

/** The bytes of a body of any media type, decompressed, as long as there are not too many. */
async function* bodyBytes(request: Request): AsyncGenerator<Uint8Array> {
  const { headers } = request;
  const coding = (headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  const isGzip = coding === "gzip" || coding === "x-gzip";
  if (!isGzip && coding !== "identity" && coding !== "") {
    throw new AppError("UNSUPPORTED_MEDIA_TYPE", "Content-Encoding must be gzip or identity");
  }
  if (Number(headers.get("content-length") ?? 0) > LINES_BODY_MAX_BYTES) {
    throw tooLarge("Nothing was stored");
  }
  let sizeBytes = 0;
  for await (const chunk of uploadBytes(request, isGzip, () => {})) {
    sizeBytes += chunk.length;
    if (sizeBytes > LINES_BODY_MAX_BYTES) {
      throw tooLarge("What was read before stays stored; send all lines again in smaller bodies");
    }
    yield chunk;
  }
}

function tooLarge(details: string): AppError {
  const rule = `The body must have at most ${LINES_BODY_MAX_BYTES} bytes, decompressed`;
  return new AppError("BODY_TOO_LARGE", rule, { details });
}

/** The answer to lines of a device that sends too often. */
function limitedAnswer(
  { version: release, limit }: LineProtocolDeps,
  version: ApiVersion,
  { id, waitMs }: LimitedDevice,
): Response {
  const { requests, windowMs } = limit;
  const message = `device ${id} may send at most ${requests} requests in ${windowMs / 1000} s; ` +
    "the lines of other devices are stored; send all lines again later";
  return faultAnswer(version, { status: 429, message }, {
    ...versionHeaders(release),
    ...limitHeaders(limit, { remaining: 0, waitMs }),
    "retry-after": retryAfter(waitMs),
  });
}

/** The statuses that clients of InfluxDB know, for others. */
const STATUSES: Readonly<Record<number, number>> = {
  // The profile was deleted or defined at the same moment; the same lines will find or make it.
  404: 503,
  409: 503,
  // Nothing arrived for a minute, or little while places were scarce.
  408: 503,
  // The body has no length, and arrives too fast.
  411: 413,
};

/** What an error says to a client. An unexpected one says nothing of itself. */
function faultOf(error: unknown): WriteFault {
  if (!(error instanceof AppError)) {
    return { status: 500, message: "An unexpected error occurred; it has been logged" };
  }
  const { code, message, details } = error;
  const { status } = PROBLEMS[code];
  const sentences = [message, details].filter((text) => text !== "");
  return { status: STATUSES[status] ?? status, message: sentences.join(". ") };
}
