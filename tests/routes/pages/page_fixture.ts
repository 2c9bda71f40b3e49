/**
 * Asks for pages as a browser does.
 *
 * @module
 */

import type { Hono } from "hono";

/** An answer with a page. */
export interface PageAnswer {
  /** The status. */
  readonly status: number;
  /** The headers. */
  readonly headers: Headers;
  /** The HTML. */
  readonly html: string;
}

/** Asks for a page. */
export async function getPage(
  app: Hono,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<PageAnswer> {
  const answer = await app.request(path, {
    headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8", ...headers },
  });
  return { status: answer.status, headers: answer.headers, html: await answer.text() };
}

/** Sends a form as a page of the service does. */
export async function sendForm(
  app: Hono,
  path: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<PageAnswer> {
  const answer = await app.request(path, {
    method: "POST",
    headers: {
      "accept": "text/html",
      "content-type": "application/x-www-form-urlencoded",
      "sec-fetch-site": "same-origin",
      ...headers,
    },
    body: new URLSearchParams(fields).toString(),
  });
  return { status: answer.status, headers: answer.headers, html: await answer.text() };
}
