/**
 * Answers as InfluxDB gives them, because that is what the clients of `/write` and `/api/v2/write`
 * read: plain JSON, `{"error"}` for version 1 and `{"code","message"}` for version 2.
 *
 * @module
 */

import type { WriteErrorV1, WriteErrorV2 } from "./schemas.ts";

/** Which version of InfluxDB's API a path belongs to. */
export type ApiVersion = 1 | 2;

/** What went wrong with a write. */
export interface WriteFault {
  /** The HTTP status. */
  readonly status: number;
  /** A sentence. */
  readonly message: string;
  /** The first line that is wrong, counted from 1. */
  readonly line?: number;
}

/** The codes of InfluxDB 2 by status. */
const CODES: Readonly<Record<number, WriteErrorV2["code"]>> = {
  400: "invalid",
  401: "unauthorized",
  403: "forbidden",
  413: "request too large",
  415: "unsupported media type",
  429: "too many requests",
  500: "internal error",
  503: "unavailable",
};
/** The longest message in a header, characters. The body has the whole. */
const HEADER_CHARS = 500;

/** The release of InfluxDB whose API for writing the service follows; clients compare it. */
const INFLUXDB_VERSION = "2.7.0";

/** The headers by which clients know the server and its version. */
export function versionHeaders(release: string): Readonly<Record<string, string>> {
  return {
    "x-influxdb-build": "OpenWatts",
    "x-influxdb-version": `${INFLUXDB_VERSION}-openwatts.${release}`,
  };
}

/** The answer to a write that failed, in whole or in part. */
export function faultAnswer(
  version: ApiVersion,
  { status, message, line }: WriteFault,
  headers: Readonly<Record<string, string>>,
): Response {
  if (version === 1) {
    const error: WriteErrorV1 = { error: message };
    return Response.json(error, {
      status,
      headers: { ...headers, "x-influxdb-error": headerText(message) },
    });
  }
  const code = CODES[status] ?? "internal error";
  const error: WriteErrorV2 = { code, message, ...(line === undefined ? {} : { line }) };
  return Response.json(error, { status, headers: { ...headers, "x-platform-error-code": code } });
}

/** A text as the value of a header: printable ASCII. */
function headerText(text: string): string {
  return text.slice(0, HEADER_CHARS).replace(/[^ -~]/g, "?");
}
