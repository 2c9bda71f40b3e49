/**
 * What every error answer must look like (RFC 9457).
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import type { JsonAnswer } from "../support/service.ts";

/** What is expected of one problem. */
export interface ExpectedProblem {
  /** HTTP status, and the `status` member. */
  readonly status: number;
  /** The stable name. */
  readonly code: string;
  /** The sentence, or what it must match where nothing fixes its words. */
  readonly detail: string | RegExp;
  /** Pointer and sentence of each thing that is wrong; absent where there is no such list. */
  readonly errors?: readonly (readonly [pointer: string, detail: string])[];
}

/** An answer that was taken from a whole service or from an app. */
export type ProblemAnswer = Pick<JsonAnswer, "status" | "headers" | "body">;

/** Fails unless the answer is that problem, in the form of RFC 9457 §3. */
export function assertProblem(answer: ProblemAnswer, expected: ExpectedProblem): void {
  const { type, title, status, code, detail, errors } = answer.body;
  assertEquals(answer.headers.get("content-type"), "application/problem+json");
  assert(URL.canParse(type), `type must be a URI: ${type}`);
  assertMatch(title, /^[A-Z][a-z ]+$/);
  assertEquals({ http: answer.status, status, code }, {
    http: expected.status,
    status: expected.status,
    code: expected.code,
  });
  if (typeof expected.detail === "string") assertEquals(detail, expected.detail);
  else assertMatch(detail, expected.detail);
  if (expected.errors !== undefined) assertEquals(pairs(errors), expected.errors);
}

/** The answer as the helpers of a whole service give it. */
export async function jsonAnswer(response: Response): Promise<JsonAnswer> {
  const text = await response.text();
  const body = text === "" ? null : JSON.parse(text);
  return { status: response.status, headers: response.headers, body };
}

function pairs(errors: { pointer: string; detail: string }[]): [string, string][] {
  return errors.map(({ pointer, detail }) => [pointer, detail]);
}
