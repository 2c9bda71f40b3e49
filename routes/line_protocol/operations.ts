/**
 * The operations of line protocol, for the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import { LINES_BODY_MAX_BYTES } from "../../data/limits.ts";
import type { HeaderName } from "../openapi/answer_headers.ts";
import type { Answer, Operation, Parameter } from "../openapi/operation.ts";
import { contentEncoding, uploadText } from "../openapi/upload_parts.ts";
import { pingVersion, writeErrorV1, writeErrorV2 } from "./schemas.ts";

const EXAMPLE = {
  summary: "An inverter, twice",
  value: "solar,device_id=roof-1 power_w=3120.5,energy_total=15230i,ok=t 1769955825000000000\n" +
    "solar,device_id=roof-1 power_w=3090 1769955885000000000\n",
  "x-query": "precision=ns",
};

const DESCRIPTION = "Takes lines of InfluxDB's line protocol, gzip or not, and answers when the " +
  "readings are durable. The media type does not matter.\n\nThe measurement is the profile, which is " +
  "made, and gets more metrics, as fields come. The device is the value of the tag `device_id`, or " +
  "else of the first of `LINE_PROTOCOL_ID_TAGS` that the line has. Numbers and booleans (1 and 0) " +
  "are stored, strings are left out. Fields of one device and time, also in several requests, make " +
  "up one reading.\n\nA line that is wrong is dropped; the others are stored. The answer is then 400 " +
  "and names the lines. A request counts as one for each device in it; one that is over a limit " +
  "waits up to two seconds before it is answered with 429. Send all lines again after `Retry-After`: " +
  "readings that are stored already do not change.";

/** Headers that faults of a status sometimes have: 400 if the headers with the key are wrong. */
const MAY_HAVE: Readonly<Record<number, readonly HeaderName[]>> = {
  400: ["WWW-Authenticate"],
  429: ["RateLimit", "RateLimit-Policy"],
};

function fault(
  status: number,
  description: string,
  { schema, header }: {
    schema: z.ZodType;
    header: "X-Influxdb-Error" | "X-Platform-Error-Code";
  },
): Answer {
  const more: Readonly<Record<number, readonly HeaderName[]>> = {
    401: ["WWW-Authenticate"],
    403: ["WWW-Authenticate"],
    429: ["Retry-After"],
  };
  return {
    status,
    description,
    headers: [
      "X-Influxdb-Version",
      "X-Influxdb-Build",
      header,
      ...(more[status] ?? []),
    ],
    ...(status in MAY_HAVE ? { mayHave: MAY_HAVE[status] } : {}),
    content: [{ mediaType: "application/json", schema }],
  };
}

function answersOf(kind: Parameters<typeof fault>[2]): readonly Answer[] {
  const unavailable = fault(
    503,
    "The service cannot store anything now. A service that is stopping answers with a problem " +
      "(`application/problem+json`).",
    kind,
  );
  const { headers, ...others } = unavailable;
  return [
    {
      status: 204,
      description: "All lines are stored.",
      headers: ["X-Influxdb-Version", "X-Influxdb-Build"],
    },
    fault(400, "Lines were dropped, or the body is not valid. The other lines are stored.", kind),
    fault(401, "The service needs a valid key, and the request has none.", kind),
    fault(403, "The key does not have the scope `ingest`.", kind),
    fault(413, `The body has more than ${LINES_BODY_MAX_BYTES} bytes, decompressed.`, kind),
    fault(415, "The content coding is neither gzip nor identity.", kind),
    fault(
      429,
      "A device sends too often; lines of other devices are stored. Or you have stored as many " +
        "readings as you may store.",
      kind,
    ),
    fault(500, "An unexpected error occurred; it has been logged.", kind),
    { ...others, mayHave: [...headers ?? [], "Retry-After"] },
  ];
}

const query = (name: string, description: string, example: string): Parameter => ({
  in: "query",
  name,
  description,
  schema: z.string(),
  example,
});

const precision = (names: [string, ...string[]], example: string): Parameter => ({
  in: "query",
  name: "precision",
  description:
    "The unit of timestamps; nanoseconds without it. What is finer than a millisecond is " +
    "cut off.",
  schema: z.enum(names),
  example,
});

const writeV2: Operation = {
  method: "post",
  path: "/api/v2/write",
  id: "writeLines",
  tag: "Line protocol",
  summary: "Write lines, as clients of InfluxDB 2 do",
  description: DESCRIPTION,
  parameters: [
    precision(["ns", "us", "ms", "s"], "s"),
    query("org", "Accepted and ignored.", "home"),
    query("bucket", "Accepted and ignored.", "energy"),
    contentEncoding,
  ],
  body: [{
    mediaType: "text/plain",
    schema: uploadText("Line protocol."),
    examples: { inverter: EXAMPLE },
  }],
  answers: answersOf({ schema: writeErrorV2, header: "X-Platform-Error-Code" }),
  hasOwnErrors: true,
  problems: [],
};

const writeV1: Operation = {
  ...writeV2,
  path: "/write",
  id: "writeLinesV1",
  summary: "Write lines, as clients of InfluxDB 1 do",
  parameters: [
    precision(["n", "ns", "u", "us", "ms", "s", "m", "h"], "s"),
    query("db", "Accepted and ignored.", "energy"),
    query("rp", "Accepted and ignored.", "autogen"),
    contentEncoding,
  ],
  answers: answersOf({ schema: writeErrorV1, header: "X-Influxdb-Error" }),
};

const ping: Operation = {
  method: "get",
  path: "/ping",
  id: "ping",
  tag: "Line protocol",
  summary: "Check that the service is up, as clients of InfluxDB do",
  description: "Checks no other part, like `GET /health`.",
  parameters: [
    query("verbose", "With any value but `false` and `0`, the answer has a body.", "true"),
  ],
  answers: [
    {
      status: 204,
      description: "The service is up.",
      headers: ["X-Influxdb-Version", "X-Influxdb-Build"],
    },
    {
      status: 200,
      description: "The service is up; `verbose` asked for a body.",
      headers: ["X-Influxdb-Version", "X-Influxdb-Build"],
      content: [{ mediaType: "application/json", schema: pingVersion }],
    },
  ],
  problems: [],
};

/** The operations of line protocol. */
export const lineProtocolOperations: readonly Operation[] = [writeV2, writeV1, ping];
