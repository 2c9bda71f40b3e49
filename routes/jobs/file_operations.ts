/**
 * GET of a stored file in the OpenAPI document. `routes/http/file_response.ts` answers it.
 *
 * @module
 */

import { z } from "zod";
import type { HeaderName } from "../openapi/answer_headers.ts";
import type { Operation, Parameter } from "../openapi/operation.ts";
import type { AnsweredCode } from "../openapi/problem_schema.ts";

/** Headers of every answer with a file, whole or in part, and of 304. */
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
  condition("If-Match", "Send the file only if it has one of these tags.", "*"),
  condition(
    "If-Unmodified-Since",
    "Send the file only if it has not changed since. Ignored with `If-Match`.",
    "Fri, 01 Jan 2100 00:00:00 GMT",
  ),
  condition("If-None-Match", "Answer 304 if the file has one of these tags.", '"other"'),
  condition(
    "If-Modified-Since",
    "Answer 304 if the file has not changed since. Ignored with `If-None-Match`.",
    "Mon, 01 Jan 2024 00:00:00 GMT",
  ),
];
const RANGES: readonly Parameter[] = [
  condition("Range", "One range of bytes. Several ranges get the whole file.", "bytes=0-1023"),
  condition(
    "If-Range",
    "Apply `Range` only if the file still has this tag or date.",
    '"e8d187bca989bbb2fea893532aa95ddc2008269e9d5618d513e3f731dcea730d"',
  ),
];

/** The parts in which the operations on one file differ from those on others. */
export interface FileOperation extends Pick<Operation, "path" | "id" | "tag" | "summary"> {
  /** The parameter that names the file. */
  readonly parameter: Parameter;
  /** The content of the file, in Markdown. */
  readonly csv: string;
  /** Media types of the file besides `text/csv`. */
  readonly otherTypes?: readonly string[];
  /** Problems besides those of every file. */
  readonly problems: readonly AnsweredCode[];
}

/** GET of a file. */
export function fileOperation(
  { parameter, csv, otherTypes = [], problems, ...named }: FileOperation,
): Operation {
  const schema = z.string().meta({ description: csv, contentMediaType: "text/csv" });
  const others = otherTypes.map((mediaType) => ({
    mediaType,
    schema: z.string().meta({ contentMediaType: mediaType, format: "binary" }),
  }));
  const content = [{ mediaType: "text/csv", schema }, ...others];
  return {
    ...named,
    method: "get",
    description:
      "Preconditions and ranges work as in RFC 9110. To resume a download, send `Range` " +
      "and `If-Range`.",
    parameters: [parameter, ...CONDITIONS, ...RANGES],
    answers: [
      { status: 200, description: "The whole file.", headers: WITH_BODY, content },
      {
        status: 206,
        description: "The requested bytes.",
        headers: [...WITH_BODY, "Content-Range"],
        content,
      },
      { status: 304, description: "The client has this file already.", headers: KNOWN },
    ],
    problems: [...problems, "PRECONDITION_FAILED", "RANGE_NOT_SATISFIABLE", "STORAGE_UNAVAILABLE"],
  };
}
