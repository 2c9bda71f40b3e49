/**
 * The parameters of uploads about their text and times, as the OpenAPI document describes them.
 *
 * @module
 */

import { z } from "zod";
import { ENCODINGS } from "../../data/text/transcode.ts";
import type { Parameter } from "../openapi/operation.ts";

/** The encoding, and what groups digits. */
export const textParameters: readonly Parameter[] = [
  {
    in: "query",
    name: "encoding",
    description:
      "CSV only: the encoding of the upload. `auto` (default) is what its byte order mark says, and " +
      "UTF-8 without one.",
    schema: z.enum(ENCODINGS),
    example: "windows-1252",
  },
  {
    in: "query",
    name: "thousands",
    description:
      "CSV only: what groups the digits of numbers: `.`, `,`, `space` (also a no-break or " +
      "thin one) or `apostrophe`. Nothing by default.",
    schema: z.enum([".", ",", "space", "apostrophe"]),
    example: "apostrophe",
  },
];

/** What times mean. */
export const timeParameters: readonly Parameter[] = [
  {
    in: "query",
    name: "stamp",
    description:
      "Whether a time is the `start` (default) or the `end` of its interval. A reading is kept under " +
      "the start of its interval.",
    schema: z.enum(["start", "end"]),
    example: "end",
  },
  {
    in: "query",
    name: "interval",
    description:
      "The length of an interval, such as `15m`, `1h` or `1d`. Without it, `stamp=end` takes the step " +
      "that most of the first 1,000 rows have.",
    schema: z.string().regex(/^(\d{1,6}(s|m|min|h|d)|P(T\d{1,6}[SMH]|\d{1,3}D))$/i),
    example: "15m",
  },
  {
    in: "query",
    name: "ambiguous",
    description:
      "Which of two instants a time is that the clock shows twice. `sequence` (default) goes by the " +
      "order of the rows of one meter: the second pass through the hour is the later one. Where the " +
      "order does not tell, it is the first, and the report counts it as `ambiguous`. `first` and " +
      "`second` always take the same one.",
    schema: z.enum(["sequence", "first", "second"]),
    example: "first",
  },
  {
    in: "query",
    name: "nonexistent",
    description:
      "What happens to a time that the clock skips: `reject` (default), or `shift`, which moves it " +
      "forward as if the clock had not: 02:30 becomes 03:30.",
    schema: z.enum(["reject", "shift"]),
    example: "shift",
  },
];
