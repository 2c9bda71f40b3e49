/**
 * Serves the OpenAPI document, two pages that display it, and the files of these pages.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { DOCS_ASSETS, DOCS_PAGES, type DocsAsset } from "./pages.ts";
import { fixedAnswer, type FixedBody, fixedBody } from "../http/fixed_answer.ts";
import type { ReadPackageFile } from "./package_files.ts";

/** What the routes need. */
export interface DocsDeps {
  /** Builds the OpenAPI document. Called once, at the first request for it. */
  readonly makeDocument: () => unknown;
  /** Reads the files of packages. */
  readonly readPackageFile: ReadPackageFile;
}

/** `GET /openapi.json`, `GET /docs`, `GET /redoc` and the files of the pages. */
export function docsRoutes({ makeDocument, readPackageFile }: DocsDeps): GuardedRoutes {
  const bodies = new Map<string, Promise<FixedBody>>();

  /** A body that is made once. If that fails, the next request tries again. */
  async function bodyOf(name: string, make: () => Promise<FixedBody>): Promise<FixedBody> {
    const making = bodies.get(name) ?? make();
    bodies.set(name, making);
    try {
      return await making;
    } catch (error) {
      bodies.delete(name);
      throw error;
    }
  }

  async function assetBody(asset: DocsAsset): Promise<FixedBody> {
    const content = "text" in asset ? asset.text : await readPackageFile(asset.from, asset.path);
    return await fixedBody(content, asset.contentType);
  }

  const app = guardedRoutes()
    .get("/openapi.json", async (c) => {
      const body = await bodyOf(
        "/openapi.json",
        () => fixedBody(JSON.stringify(makeDocument()), "application/json"),
      );
      return fixedAnswer(c.req.raw, body);
    })
    .get("/docs/assets/:name", async (c) => {
      const name = c.req.param("name");
      const asset = Object.hasOwn(DOCS_ASSETS, name) ? DOCS_ASSETS[name] : undefined;
      if (asset === undefined) {
        throw new AppError("ROUTE_NOT_FOUND", `There is nothing at ${c.req.path}`);
      }
      return fixedAnswer(c.req.raw, await bodyOf(name, () => assetBody(asset)));
    });
  for (const path of ["/docs", "/redoc"] as const) {
    const { html, policy, script } = DOCS_PAGES[path];
    app.get(path, async (c) => {
      // Without its script the page would stay blank, so an error is better.
      await bodyOf(script, () => assetBody(DOCS_ASSETS[script]));
      const body = await bodyOf(path, () => fixedBody(html, "text/html; charset=utf-8"));
      return fixedAnswer(c.req.raw, body, { "content-security-policy": policy });
    });
  }
  return app;
}
