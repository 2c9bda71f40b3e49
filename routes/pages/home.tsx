/**
 * Home: is anything wrong?
 *
 * The page asks for its content again every few seconds, as HTML from the same function that made the
 * page, so there is one way only in which a figure is shown.
 *
 * @module
 */

import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import type { OverviewReader } from "../overview/overview.ts";
import type { Overview } from "../overview/schemas.ts";
import { pageResponse } from "./compressed.ts";
import { EmptyHome } from "./home_empty.tsx";
import { findingsOf, isEmpty, levelOf } from "./home_findings.ts";
import { Tiles } from "./home_tiles.tsx";
import type { Markup } from "./markup.ts";
import type { Pages } from "./show_page.tsx";
import type { View } from "./view.ts";

/** What Home needs. */
export interface HomeDeps {
  /** What is wrong, if anything is. */
  readonly overview: OverviewReader;
}

/** `GET /` for browsers, and what it shows as a fragment of HTML. */
export function homeRoutes({ overview }: HomeDeps, pages: Pages): GuardedRoutes {
  return guardedRoutes(pages.refuse)
    .get(
      "/",
      pages.show(async (_c, view) => {
        const body = await overview.read(view.caller);
        return {
          title: view.say("nav.home"),
          screen: "home",
          hasOwnHeading: true,
          modules: ["home.js"],
          refreshSeconds: 30,
          body: (
            <div id="home" data-fragment="/fragments/home">
              <Home view={view} overview={body} />
            </div>
          ),
        };
      }),
    )
    .get("/fragments/home", async (c) => {
      const view = await pages.viewOf(c);
      const body = await overview.read(view.caller);
      const html = String(await <Home view={view} overview={body} />);
      return pageResponse(c.req.raw, html, {
        status: 200,
        headers: { "cache-control": "no-store" },
      });
    });
}

function Home({ view, overview }: { readonly view: View; readonly overview: Overview }): Markup {
  const { say } = view;
  if (isEmpty(overview)) return <EmptyHome view={view} />;
  const findings = findingsOf(overview);
  const level = levelOf(findings);
  const scope = missingScope(overview);
  return (
    <>
      <div class="verdict" data-live id="verdict" data-level={level} data-count={findings.length}>
        <h1>{say("nav.home")}</h1>
        <p role="status" class={`verdict-text ${level}`}>
          {findings.length === 0
            ? say("home.well")
            : say("home.attention", { count: findings.length })}
        </p>
        <ul class="findings">
          {findings.map(({ text, count, tile, level }) => (
            <li>
              <a class={`state ${level}`} href={`#tile-${tile}`}>{say(text, { count })}</a>
            </li>
          ))}
        </ul>
      </div>
      {scope === null ? null : <p class="hint">{say("home.hidden", { scope })}</p>}
      <Tiles view={view} overview={overview} findings={findings} />
    </>
  );
}

/** The scope that a key lacks for some figures; null if it sees all. */
function missingScope({ devices, jobs }: Overview): string | null {
  return devices === null ? "read" : jobs === null ? "export" : null;
}
