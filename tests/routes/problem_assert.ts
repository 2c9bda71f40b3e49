/**
 * Checks that an error answer has the form of RFC 9457.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import type { JsonAnswer } from "../support/service.ts";

/** The expected problem. */
export interface ExpectedProblem {
  /** HTTP status, and the `status` member. */
  readonly status: number;
  /** The stable name. */
  readonly code: string;
  /** The sentence, or a pattern if its words are not fixed. */
  readonly detail: string | RegExp;
  /** Pointer and sentence of each error; absent if there is no list. */
  readonly errors?: readonly (readonly [pointer: string, detail: string])[];
}

/** An answer of a service or of an app. */
export type ProblemAnswer = Pick<JsonAnswer, "status" | "headers" | "body">;

/** Fails unless the answer is the expected problem, in the form of RFC 9457 §3. */
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

/** The answer in the form that the helpers of a service return. */
export async function jsonAnswer(response: Response): Promise<JsonAnswer> {
  const text = await response.text();
  const body = text === "" ? null : JSON.parse(text);
  return { status: response.status, headers: response.headers, body };
}

function pairs(errors: { pointer: string; detail: string }[]): [string, string][] {
  return errors.map(({ pointer, detail }) => [pointer, detail]);
}
