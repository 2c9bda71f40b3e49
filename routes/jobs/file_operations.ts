/**
 * GET of a stored file, as the OpenAPI document describes what `routes/http/file_response.ts`
 * answers.
 *
 * @module
 */

import { z } from "zod";
import type { HeaderName } from "../openapi/answer_headers.ts";
import type { Operation, Parameter } from "../openapi/operation.ts";
import type { AnsweredCode } from "../openapi/problem_schema.ts";

/** Headers of the file, whole, in part or unchanged. */
const KNOWN: readonly HeaderName[] = [
  "ETag",
  "Last-Modified",
  "Accept-Ranges",
  "Cache-Control",
  "Repr-Digest",
];
const WITH_BODY: readonly HeaderName[] = [...KNOWN, "Content-Disposition", "Content-Length"];

function condition(name: string, description: string, example: string): Parameter {
  return { in: "header", name, description, schema: z.string(), example };
}

const CONDITIONS: readonly Parameter[] = [
  condition("If-Match", "Answer only while the file has one of these tags.", "*"),
  condition(
    "If-Unmodified-Since",
    "Answer only while the file is not younger. Ignored beside `If-Match`.",
    "Fri, 01 Jan 2100 00:00:00 GMT",
  ),
  condition("If-None-Match", "Answer 304 where the file still has one of these tags.", '"other"'),
  condition(
    "If-Modified-Since",
    "Answer 304 where the file is not younger. Ignored beside `If-None-Match`.",
    "Mon, 01 Jan 2024 00:00:00 GMT",
  ),
];
const RANGES: readonly Parameter[] = [
  condition("Range", "One range of bytes; several are answered with the whole.", "bytes=0-1023"),
  condition(
    "If-Range",
    "Heed `Range` only where the file still has this tag or date.",
    '"e8d187bca989bbb2fea893532aa95ddc2008269e9d5618d513e3f731dcea730d"',
  ),
];

/** What sets one file's operations apart. */
export interface FileOperation extends Pick<Operation, "path" | "id" | "tag" | "summary"> {
  /** Which file. */
  readonly parameter: Parameter;
  /** What stands in it, in Markdown. */
  readonly csv: string;
  /** Problems beside those of any file. */
  readonly problems: readonly AnsweredCode[];
}

/** GET of a CSV file. */
export function fileOperation(
  { parameter, csv, problems, ...named }: FileOperation,
): Operation {
  const schema = z.string().meta({ description: csv, contentMediaType: "text/csv" });
  const content = [{ mediaType: "text/csv", schema }];
  return {
    ...named,
    method: "get",
    description: "Preconditions and ranges are those of RFC 9110, in its order. A download that " +
      "broke off goes on with `Range` and `If-Range`.",
    parameters: [parameter, ...CONDITIONS, ...RANGES],
    answers: [
      { status: 200, description: "The whole file.", headers: WITH_BODY, content },
      {
        status: 206,
        description: "The bytes asked for.",
        headers: [...WITH_BODY, "Content-Range"],
        content,
      },
      { status: 304, description: "The file is the one the client has.", headers: KNOWN },
    ],
    problems: [...problems, "PRECONDITION_FAILED", "RANGE_NOT_SATISFIABLE", "STORAGE_UNAVAILABLE"],
  };
}
