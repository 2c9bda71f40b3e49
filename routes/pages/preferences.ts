/**
 * How somebody wants to see the pages: language, theme, time zone. The browser keeps it in cookies
 * that hold nothing else, so that it also counts without JavaScript and before one signs in.
 *
 * | cookie | values |
 * |---|---|
 * | `openwatts_language` | a language of `LANGUAGES` |
 * | `openwatts_theme` | `light`, `dark`; absent: that of the system |
 * | `openwatts_zone` | `utc`, `browser`, `source`; absent: `browser` |
 * | `openwatts_browser_zone` | the zone of the browser, which only a script can know |
 *
 * @module
 */

import { getCookie } from "hono/cookie";
import type { Context } from "hono";
import { isTimeZone } from "../../data/time/zone.ts";
import { type LanguageCode, LANGUAGES } from "./languages.ts";

/** The themes. `system` follows the browser. */
export const THEMES = ["system", "light", "dark"] as const;
/** In which zone times are shown: UTC, that of the browser, or that of the meter or store. */
export const ZONES = ["browser", "utc", "source"] as const;

/** A theme. */
export type Theme = typeof THEMES[number];
/** A choice of a zone. */
export type ZoneChoice = typeof ZONES[number];

/** What somebody chose. */
export interface Preferences {
  /** The language of the texts. */
  readonly language: LanguageCode;
  /** The locale of numbers and dates, such as `de-AT`. */
  readonly locale: string;
  /** The theme. */
  readonly theme: Theme;
  /** In which zone times are shown. */
  readonly zoneChoice: ZoneChoice;
  /** The zone of the browser; UTC if it is not known. */
  readonly browserZone: string;
}

/** The names of the cookies. */
export const PREFERENCE_COOKIES = {
  language: "openwatts_language",
  theme: "openwatts_theme",
  zone: "openwatts_zone",
  browserZone: "openwatts_browser_zone",
} as const;

/** How long a browser keeps a choice, seconds: browsers keep cookies at most 400 days. */
const MAX_AGE_SECONDS = 34_560_000;

/** What the cookies and headers of a request say. What is not valid counts as absent. */
export function preferencesOf(c: Context): Preferences {
  const header = c.req.header("accept-language") ?? "";
  const tags = acceptedTags(header);
  const given = getCookie(c, PREFERENCE_COOKIES.language);
  const language = LANGUAGES.find((code) => code === given) ?? languageOf(tags);
  const browserZone = getCookie(c, PREFERENCE_COOKIES.browserZone) ?? "";
  const theme = getCookie(c, PREFERENCE_COOKIES.theme);
  const zone = getCookie(c, PREFERENCE_COOKIES.zone);
  return {
    language,
    locale: tags.find(isLocale) ?? language,
    theme: THEMES.find((name) => name === theme) ?? "system",
    zoneChoice: ZONES.find((name) => name === zone) ?? "browser",
    browserZone: browserZone !== "" && isTimeZone(browserZone) ? browserZone : "UTC",
  };
}

/** The `Set-Cookie` header that keeps a choice. */
export function preferenceCookie(name: keyof typeof PREFERENCE_COOKIES, value: string): string {
  return `${PREFERENCE_COOKIES[name]}=${encodeURIComponent(value)}; Path=/; ` +
    `Max-Age=${MAX_AGE_SECONDS}; SameSite=Lax`;
}

/** The tags of `Accept-Language`, the most wanted first (RFC 9110 §12.5.4). */
function acceptedTags(header: string): string[] {
  return header.slice(0, 1_000).split(",").map((part) => {
    const [tag, ...parameters] = part.split(";").map((text) => text.trim());
    const weight = parameters.find((text) => text.startsWith("q="))?.slice(2) ?? "1";
    return { tag, weight: Number(weight) };
  }).filter(({ tag, weight }) => tag !== "" && tag !== "*" && weight > 0)
    .toSorted((one, other) => other.weight - one.weight).map(({ tag }) => tag);
}

function languageOf(tags: readonly string[]): LanguageCode {
  for (const tag of tags) {
    const found = LANGUAGES.find((code) => tag.toLowerCase().split("-")[0] === code);
    if (found !== undefined) return found;
  }
  return LANGUAGES[0];
}

function isLocale(tag: string): boolean {
  try {
    return Intl.NumberFormat.supportedLocalesOf([tag]).length > 0;
  } catch {
    return false;
  }
}
