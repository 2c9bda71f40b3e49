/**
 * The test of an alert between its form in requests and answers and that of the domain.
 *
 * @module
 */

import type { FieldError } from "../../data/app_error.ts";
import { ALERT_TEST_MAX_MS, DAY_MS } from "../../data/limits.ts";
import type { Span } from "../../data/readings/page.ts";
import { instantText, parseInstant } from "../../data/time/time_text.ts";
import type { AlertTestResult } from "../../jobs/alerts/alert_test_contract.ts";
import type { AlertTestRequest } from "./schemas.ts";
import type { AlertTestBody } from "./test_schemas.ts";

/** How many messages, subjects and moves of a subject an answer lists. */
const LISTED = 100;
/** How many ids of a message an answer lists. */
const IDS_LISTED = 20;

/** The time that a request asks to test, and what is wrong with it. */
export function testedSpan(
  { from, to }: Pick<AlertTestRequest, "from" | "to">,
  nowMs: number,
): { span: Span; problems: FieldError[] } {
  const problems: FieldError[] = [];
  const timeOf = (name: string, text: string | undefined) => {
    const timeMs = text === undefined ? undefined : parseInstant(text);
    if (timeMs !== null) return timeMs;
    const rule = "an ISO 8601 time, such as 2026-11-29T12:00:00Z";
    problems.push({ pointer: `/${name}`, detail: `${name} must be ${rule}`, value: text, rule });
    return undefined;
  };
  const toMs = timeOf("to", to) ?? nowMs;
  const fromMs = timeOf("from", from) ?? toMs - DAY_MS;
  const wrong = (pointer: string, detail: string, value: string | undefined) =>
    problems.push({ pointer, detail, value });
  if (problems.length === 0) {
    if (fromMs < 0) {
      const name = from === undefined ? "to" : "from";
      wrong(`/${name}`, `${name} must not be before 1970`, from ?? to);
    }
    if (toMs > nowMs) wrong("/to", "to must not be in the future", to);
    if (fromMs >= toMs) wrong("/to", "to must be after from", to);
    if (toMs - fromMs > ALERT_TEST_MAX_MS) {
      wrong("/from", `from must be at most ${ALERT_TEST_MAX_MS / DAY_MS} days before to`, from);
    }
  }
  return { span: { fromMs, toMs }, problems };
}

/** The result of a test as an answer shows it. */
export function testBody({ fromMs, toMs }: Span, result: AlertTestResult): AlertTestBody {
  const { tested, hasMore, subjects, messages } = result;
  const firingsOf = ({ moves }: AlertTestResult["subjects"][number]) =>
    moves.filter(({ transition }) => transition === "firing").length;
  return {
    from: instantText(fromMs),
    to: instantText(toMs),
    tested,
    has_more: hasMore,
    firings: subjects.reduce((sum, subject) => sum + firingsOf(subject), 0),
    message_count: messages.length,
    messages: messages.slice(0, LISTED).map(({ atMs, transition, ids }) => ({
      at: instantText(atMs),
      transition,
      count: ids.length,
      ids: ids.slice(0, IDS_LISTED),
    })),
    subjects: subjects.slice(0, LISTED).map((subject) => ({
      id: subject.id,
      state_before: subject.before?.state ?? "ok",
      firings: firingsOf(subject),
      moves: subject.moves.slice(0, LISTED).map(({ atMs, state }) => ({
        at: instantText(atMs),
        state: state.state === "firing" && !state.isTold ? "muted" : state.state,
        value: state.value,
        flapping: state.isFlapping,
      })),
    })),
  };
}
