/**
 * `POST /preferences`: keeps a choice of language, theme and zone, also without JavaScript.
 *
 * @module
 */

import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { isOwnRequest } from "../access/same_origin.ts";
import { readForm } from "../http/form_body.ts";
import { LANGUAGES } from "./languages.ts";
import { ownPath } from "./own_path.ts";
import { preferenceCookie, THEMES, ZONES } from "./preferences.ts";
import type { Pages } from "./show_page.tsx";

const CHOICES = { language: LANGUAGES, theme: THEMES, zone: ZONES } as const;

/** The route. */
export function preferenceRoutes(
  { publicUrl }: { readonly publicUrl: string | null },
  pages: Pages,
): GuardedRoutes {
  return guardedRoutes(pages.refuse).post("/preferences", async (c) => {
    const form = await readForm(c.req.raw);
    const headers = new Headers({
      location: ownPath(form.get("to") ?? undefined),
      "cache-control": "no-store",
    });
    if (isOwnRequest(c.req.raw, publicUrl)) {
      for (const name of ["language", "theme", "zone"] as const) {
        const given = form.get(name);
        const allowed: readonly string[] = CHOICES[name];
        if (given !== null && allowed.includes(given)) {
          headers.append("set-cookie", preferenceCookie(name, given));
        }
      }
    }
    return new Response(null, { status: 303, headers });
  });
}
