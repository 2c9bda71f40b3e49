/**
 * What every page needs to know of its request: who asks, in which language, with which formats.
 *
 * @module
 */

import type { Context } from "hono";
import type { Caller } from "../../data/access/caller.ts";
import type { Scope } from "../../data/access/scopes.ts";
import { sessionIdOf } from "../access/session_cookie.ts";
import { createFormats, type Formats } from "../assets/format.js";
import { fill } from "../assets/text.js";
import type { Assets } from "./assets.ts";
import { TEXTS } from "./languages.ts";
import { pathOfPage } from "./own_path.ts";
import { type Preferences, preferencesOf } from "./preferences.ts";
import type { TextKey, Texts } from "./texts/en.ts";

/** Gives the text of a key, with values filled in. */
export type Say = (key: TextKey, values?: Readonly<Record<string, string | number>>) => string;

/** A request as pages see it. */
export interface View {
  /** What the browser chose. */
  readonly preferences: Preferences;
  /** The zone in which times are shown where no source has one. */
  readonly zone: string;
  /** All texts of the language. */
  readonly texts: Texts;
  /** Gives texts. */
  readonly say: Say;
  /** Writes numbers and times. */
  readonly formats: Formats;
  /** Epoch milliseconds now. */
  readonly nowMs: number;
  /** Who asks. */
  readonly caller: Caller;
  /** Whether the service asks callers who they are. */
  readonly hasSignIn: boolean;
  /** Whether the caller came with a session, which it may end. */
  readonly isSession: boolean;
  /** Whether the caller has a scope; `any` stands for every caller with some scope. */
  may(scope: Scope | "any"): boolean;
  /** The path and query of the page, to come back to; of a form, those of the page that sent it. */
  readonly path: string;
  /** The address of the service, such as `https://energy.example`, for calls to copy. */
  readonly origin: string;
  /** The files of the pages. */
  readonly assets: Assets;
}

/** What a view is made of, besides the request. */
export interface ViewParts {
  /** The files of the pages. */
  readonly assets: Assets;
  /** Epoch milliseconds now. */
  readonly nowMs: number;
  /** Whether the service asks callers who they are. */
  readonly hasSignIn: boolean;
  /** The address of the service as its users know it; null if only the request says it. */
  readonly publicUrl: string | null;
}

/** Makes the view of a request. */
export function viewOf(c: Context, { assets, nowMs, hasSignIn, publicUrl }: ViewParts): View {
  const preferences = preferencesOf(c);
  const { language, locale, zoneChoice, browserZone } = preferences;
  const zone = zoneChoice === "browser" ? browserZone : "UTC";
  const texts = TEXTS[language];
  const caller = c.get("caller");
  return {
    preferences,
    zone,
    texts,
    say: (key, values) => values === undefined ? texts[key] : fill(texts[key], values, language),
    formats: createFormats({ locale, language, zone }),
    nowMs,
    caller,
    hasSignIn,
    isSession: hasSignIn && caller.actor.kind !== "anonymous" && sessionIdOf(c.req.raw) !== null,
    may: (scope) => scope === "any" ? caller.scopes.size > 0 : caller.scopes.has(scope),
    path: pathOfPage(c.req.raw, publicUrl),
    origin: publicUrl ?? new URL(c.req.url).origin,
    assets,
  };
}
