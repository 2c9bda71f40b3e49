/**
 * Handlers of pages: they answer with HTML, also to callers who may not see them.
 *
 * @module
 */

import type { Context } from "hono";
import { withoutSecrets } from "../../data/access/key_text.ts";
import { AppError } from "../../data/app_error.ts";
import type { Refuse, RouteHandler } from "../access/guarded_routes.ts";
import { isOwnRequest } from "../access/same_origin.ts";
import { endedSessionCookie, isOverTls, sessionIdOf } from "../access/session_cookie.ts";
import { problemResponse, PROBLEMS, UNEXPECTED_DETAIL } from "../http/problem.ts";
import type { ReadPackageFile } from "../docs/package_files.ts";
import { type Assets, openAssets } from "./assets.ts";
import { pageResponse } from "./compressed.ts";
import { type PageContent, pageHtml } from "./layout.tsx";
import { pathOfPage } from "./own_path.ts";
import { type View, viewOf } from "./view.ts";

/** What all pages need. */
export interface PageDeps {
  /** Whether the service asks callers who they are. */
  readonly hasSignIn: boolean;
  /** The address of the service as its users know it; null if unknown. */
  readonly publicUrl: string | null;
  /** Reads the files of packages. */
  readonly readPackageFile: ReadPackageFile;
  /** Epoch milliseconds now. */
  readonly now: () => number;
}

/** Makes handlers of pages. */
export interface Pages {
  /** A handler that shows a page. An AppError that is thrown becomes a page too. */
  show<P extends string>(
    make: (c: Context, view: View) => PageContent | Promise<PageContent>,
  ): RouteHandler<P>;
  /** An answer with a page. */
  answer(
    c: Context,
    view: View,
    content: PageContent,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Response>;
  /** What a request means for pages. */
  viewOf(c: Context): Promise<View>;
  /** Answers callers who may not see a page: browsers are led to signing in. */
  readonly refuse: Refuse;
  /**
   * An error as a page, for browsers that open a page or an address without anything. Null for all
   * others, who read problems.
   */
  answerProblem(
    c: Context,
    error: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Response | null>;
  /** The files of the pages, read. */
  assets(): Promise<Assets>;
}

/** Headers of pages. `Referrer-Policy` lets forms name their origin, which `no-referrer` hides. */
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; " +
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; " +
    "frame-ancestors 'none'",
  "referrer-policy": "same-origin",
  "cache-control": "no-store",
};

/** What a page says of an error that nobody expected. */
const UNEXPECTED = new AppError("INTERNAL_ERROR", UNEXPECTED_DETAIL);

/** Makes the handlers of pages. */
export function createPages(deps: PageDeps): Pages {
  const assets = openAssets(deps.readPackageFile);

  async function view(c: Context): Promise<View> {
    return viewOf(c, { ...deps, assets: await assets(), nowMs: deps.now() });
  }

  async function answer(
    c: Context,
    seen: View,
    content: PageContent,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    return pageResponse(c.req.raw, await pageHtml(seen, content), {
      status: content.status ?? 200,
      headers: { ...PAGE_HEADERS, ...headers },
    });
  }

  /** The error as a page, with the status and the headers of the problem. */
  async function problem(
    c: Context,
    error: AppError,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const seen = await view(c);
    const { "content-type": _, ...sent } = Object.fromEntries(
      problemResponse(error, headers).headers,
    );
    return await answer(c, seen, problemPage(seen, error), sent);
  }

  return {
    assets,
    viewOf: view,
    answer,
    async answerProblem(c, error, headers) {
      if (!acceptsHtml(c) || !concernsPage(c, error)) return null;
      return await problem(c, error instanceof AppError ? error : UNEXPECTED, headers);
    },
    show: (make) => async (c) => {
      if (c.req.path === "/" && !acceptsHtml(c)) throw nothingAtRoot();
      const seen = await view(c);
      try {
        return await answer(c, seen, await make(c, seen));
      } catch (error) {
        if (!(error instanceof AppError) || PROBLEMS[error.code].status >= 500) throw error;
        return await answer(c, seen, problemPage(seen, error));
      }
    },
    async refuse(error, headers, c) {
      if (!acceptsHtml(c)) {
        return c.req.path === "/"
          ? problemResponse(nothingAtRoot())
          : problemResponse(error, headers);
      }
      const { status } = PROBLEMS[error.code];
      if (status !== 401) {
        return isFragment(c) ? problemResponse(error, headers) : await problem(c, error, headers);
      }
      const path = pathOfPage(c.req.raw, deps.publicUrl);
      const to = path === "/" ? "" : `?to=${encodeURIComponent(path)}`;
      return new Response(null, {
        status: 303,
        headers: {
          location: `/sign-in${to}`,
          "cache-control": "no-store",
          ...(hasEndedSession(c.req.raw, deps.publicUrl)
            ? { "set-cookie": endedSessionCookie(isOverTls(c.req.raw)) }
            : {}),
        },
      });
    },
  };
}

/**
 * Whether a request that was refused named a session that has ended, which is of no use any more. The
 * session of a request that another site made was not even looked up.
 */
function hasEndedSession(request: Request, publicUrl: string | null): boolean {
  return sessionIdOf(request) !== null && !request.headers.has("authorization") &&
    isOwnRequest(request, publicUrl);
}

/** Whether a client asks for HTML by its name, as browsers do and programs do not. */
export function acceptsHtml(c: Context): boolean {
  return /(^|,)\s*text\/html\b/i.test(c.req.header("accept") ?? "");
}

/** Whether an error is one of a page, or of an address where nothing is. */
function concernsPage(c: Context, error: unknown): boolean {
  if (isFragment(c)) return false;
  return c.get("isPage") === true ||
    (error instanceof AppError &&
      (error.code === "ROUTE_NOT_FOUND" || error.code === "METHOD_NOT_ALLOWED"));
}

/** Whether a page asks for a part of itself: it shows why it got none. */
function isFragment(c: Context): boolean {
  return c.req.path.startsWith("/fragments/");
}

/** What clients of the API get at `/`, where it has nothing. */
function nothingAtRoot(): AppError {
  return new AppError("ROUTE_NOT_FOUND", "There is nothing at /");
}

/** A page about an error. */
export function problemPage({ say }: View, { code, message }: AppError): PageContent {
  const { status } = PROBLEMS[code];
  const title = status === 404
    ? say("problem.notfound")
    : status === 403
    ? say("problem.forbidden")
    : status >= 500
    ? say("problem.fault")
    : say("problem.title");
  return {
    title,
    screen: null,
    status,
    body: (
      <div class="notice">
        <p class="id">{withoutSecrets(message)}</p>
        <p>
          <a href="/">{say("problem.home")}</a>
        </p>
      </div>
    ),
  };
}
