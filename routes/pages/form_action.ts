/**
 * Handlers of forms that change something: they answer with a page, also if it fails.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError } from "../../data/app_error.ts";
import { noteAuditError } from "../access/audited.ts";
import { readForm } from "../http/form_body.ts";
import { PROBLEMS } from "../http/problem.ts";
import { requireOwnForm } from "./form_answers.ts";
import type { PageContent } from "./layout.tsx";
import { type Pages, problemPage } from "./show_page.tsx";
import type { View } from "./view.ts";

/** What a form asks for. */
export interface SentForm {
  /** The request as pages see it. Its path is that of the page, not of the form. */
  readonly view: View;
  /** The fields. */
  readonly fields: URLSearchParams;
}

/** What a form needs besides what it does. */
export interface FormParts {
  /** The pages. */
  readonly pages: Pages;
  /** The address of the service as its users know it; null if unknown. */
  readonly publicUrl: string | null;
  /** The path of the page that shows the form, to come back to. */
  readonly path: string;
}

/** Answers a form with a page or a redirect. An AppError that is thrown becomes a page. */
export async function answerForm(
  c: Context,
  { pages, publicUrl, path }: FormParts,
  act: (sent: SentForm) => Promise<PageContent | Response>,
): Promise<Response> {
  const view = { ...await pages.viewOf(c), path };
  let answer: PageContent | Response;
  try {
    requireOwnForm(c, publicUrl);
    answer = await act({ view, fields: await readForm(c.req.raw) });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    noteAuditError(c, error);
    answer = problemPage(view, error);
  }
  return answer instanceof Response ? answer : await pages.answer(c, view, answer);
}

/** The result of an action, or why it was refused, which the page shows next to its form. */
export async function tryAction<T>(c: Context, act: () => Promise<T>): Promise<T | AppError> {
  try {
    return await act();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    noteAuditError(c, error);
    return error;
  }
}

/** The status of a page that says why an action was refused. */
export function statusOf(failed: AppError | null): number {
  return failed === null ? 200 : PROBLEMS[failed.code].status;
}

function isRefusal(error: unknown): error is AppError {
  return error instanceof AppError && PROBLEMS[error.code].status < 500;
}
