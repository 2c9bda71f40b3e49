/**
 * The test of a rule on the past, for the routes.
 *
 * @module
 */

import type { Caller } from "../../data/access/caller.ts";
import type { AlertRule } from "../../data/alerts/rule.ts";
import type { SimulatedMessage, SimulatedMove } from "../../data/alerts/simulate.ts";
import type { AlertState } from "../../data/alerts/step.ts";
import type { Span } from "../../data/readings/page.ts";

/** The rule and the time to test it on. */
export interface AlertTest extends Span {
  /** The rule. It need not exist. */
  readonly rule: AlertRule;
  /** As whom it watches. */
  readonly caller: Caller;
  /** Cancels the test. */
  readonly signal: AbortSignal;
}

/** What a subject would have done. */
export interface TestedSubject {
  /** Its id. */
  readonly id: string;
  /** Its state at the start; null if it was ok. */
  readonly before: AlertState | null;
  /** What it did, oldest first. */
  readonly moves: readonly SimulatedMove[];
}

/** The result of a test. */
export interface AlertTestResult {
  /** How many subjects were tested. */
  readonly tested: number;
  /** Whether there are more, which were left out. */
  readonly hasMore: boolean;
  /** Those that did something, or were not ok at the start, in the order of ids. */
  readonly subjects: readonly TestedSubject[];
  /** The messages that would have been sent. */
  readonly messages: readonly SimulatedMessage[];
}

/** Tests rules. */
export interface AlertTester {
  /** Tests a rule on the past: what it would have said if every reading had come at its own time. */
  test(test: AlertTest): Promise<AlertTestResult>;
}
