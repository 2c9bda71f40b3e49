/**
 * The document around every page: head, navigation, display settings, content.
 *
 * @module
 */

import { raw } from "hono/html";
import type { AssetName } from "./asset_table.ts";
import { Icon } from "./icons.tsx";
import { LANGUAGE_NAMES, LANGUAGES } from "./languages.ts";
import type { Markup } from "./markup.ts";
import { type ScreenId, SCREENS } from "./navigation.ts";
import { THEMES, ZONES } from "./preferences.ts";
import type { TextKey } from "./texts/en.ts";
import type { View } from "./view.ts";

/** A page without what all pages share. */
export interface PageContent {
  /** Its title, which is also its first heading unless `hasOwnHeading`. */
  readonly title: string;
  /** The screen that it belongs to; null for none, such as signing in. */
  readonly screen: ScreenId | null;
  /** Its content. */
  readonly body: Markup;
  /** What stands next to the heading, such as buttons or the state of live updates. */
  readonly actions?: Markup;
  /** Whether `body` has the first heading itself. */
  readonly hasOwnHeading?: boolean;
  /** The modules that it loads besides those of every page. */
  readonly modules?: readonly AssetName[];
  /** Styles besides those of every page. */
  readonly styles?: readonly AssetName[];
  /** The beginnings of the keys of texts that its modules need, such as `home.`. */
  readonly clientTexts?: readonly string[];
  /** What its modules need to know, as JSON. */
  readonly data?: unknown;
  /** After how many seconds a browser without JavaScript loads the page again; never by default. */
  readonly refreshSeconds?: number;
  /** The status of the answer; 200 by default. */
  readonly status?: number;
}

/** Texts that the modules of every page need. */
const SHARED_TEXTS = ["live.", "call."];

/** The document as HTML. */
export async function pageHtml(view: View, content: PageContent): Promise<string> {
  return `<!doctype html>\n${await <Document view={view} content={content} />}`;
}

interface Parts {
  readonly view: View;
  readonly content: PageContent;
}

function Document({ view, content }: Parts): Markup {
  const { preferences: { language, locale, theme, zoneChoice }, assets, say } = view;
  return (
    <html
      lang={language}
      data-theme={theme}
      data-locale={locale}
      data-zone-choice={zoneChoice}
      data-zone={view.zone}
    >
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content={theme === "system" ? "light dark" : theme} />
        {content.refreshSeconds === undefined
          ? null
          // As an element it would be moved out of `noscript`.
          : raw(
            `<noscript><meta http-equiv="refresh" content="${content.refreshSeconds}"></noscript>`,
          )}
        <title>{content.title} · {say("brand")}</title>
        <link rel="icon" href={assets.url("icon.svg")} type="image/svg+xml" />
        <link rel="stylesheet" href={assets.url("style.css")} />
        {content.styles?.map((name) => <link rel="stylesheet" href={assets.url(name)} />)}
        {["page.js" as const, ...content.modules ?? []].map((name) => (
          <script type="module" src={assets.url(name)}></script>
        ))}
      </head>
      <body>
        <a class="skip" href="#content">{say("skip")}</a>
        <Header view={view} screen={content.screen} />
        <main id="content" tabindex={-1}>
          {content.hasOwnHeading === true ? null : (
            <div class="heading">
              <h1>{content.title}</h1>
              {content.actions}
            </div>
          )}
          {content.body}
        </main>
        <PageData view={view} content={content} />
      </body>
    </html>
  );
}

function Header({ view, screen }: { view: View; screen: ScreenId | null }): Markup {
  const { say } = view;
  const screens = SCREENS.filter(({ scope }) => view.may(scope));
  return (
    <header class="top">
      <a class="brand" href="/">
        <img src={view.assets.url("icon.svg")} alt="" width={24} height={24} />
        <span>{say("brand")}</span>
      </a>
      {screens.length === 0 ? null : (
        <nav class="screens" aria-label={say("nav.label")}>
          <ul>
            {screens.map(({ id, href, text, icon }) => (
              <li>
                <a href={href} aria-current={id === screen ? "page" : undefined}>
                  <Icon name={icon} />
                  <span>{say(text)}</span>
                </a>
              </li>
            ))}
          </ul>
        </nav>
      )}
      <div class="tools">
        <p id="connection" class="connection" role="status" hidden></p>
        <Preferences view={view} />
        {view.isSession ? <SignOut view={view} /> : null}
        <a class="quiet" href="/docs">{say("nav.docs")}</a>
      </div>
    </header>
  );
}

function Preferences({ view }: { view: View }): Markup {
  const { say, preferences } = view;
  return (
    <details class="preferences">
      <summary>
        <Icon name="display" />
        <span>{say("preferences.label")}</span>
      </summary>
      <form method="post" action="/preferences" id="preferences">
        <input type="hidden" name="to" value={view.path} />
        <Choice
          label={say("preferences.theme")}
          name="theme"
          chosen={preferences.theme}
          options={THEMES.map((name) => [name, say(`preferences.theme.${name}` as TextKey)])}
        />
        <Choice
          label={say("preferences.zone")}
          name="zone"
          chosen={preferences.zoneChoice}
          options={ZONES.map((name) => [name, say(`preferences.zone.${name}` as TextKey)])}
        />
        <Choice
          label={say("preferences.language")}
          name="language"
          chosen={preferences.language}
          options={LANGUAGES.map((code) => [code, LANGUAGE_NAMES[code]])}
        />
        <button type="submit">{say("preferences.apply")}</button>
      </form>
    </details>
  );
}

function Choice({ label, name, chosen, options }: {
  readonly label: string;
  readonly name: string;
  readonly chosen: string;
  readonly options: readonly (readonly [string, string])[];
}): Markup {
  return (
    <label>
      <span>{label}</span>
      <select name={name}>
        {options.map(([value, text]) => (
          <option value={value} selected={value === chosen}>{text}</option>
        ))}
      </select>
    </label>
  );
}

function SignOut({ view: { say, caller } }: { view: View }): Markup {
  return (
    <form method="post" action="/sign-out" class="sign-out">
      <button type="submit" class="quiet" title={say("signedin.as", { name: caller.actor.name })}>
        <Icon name="out" />
        <span>{say("signout")}</span>
      </button>
    </form>
  );
}

/** Texts and data for the modules. It is JSON, which no browser runs. */
function PageData({ view, content }: Parts): Markup {
  const prefixes = [...SHARED_TEXTS, ...content.clientTexts ?? []];
  const texts = Object.fromEntries(
    Object.entries(view.texts).filter(([key]) => prefixes.some((prefix) => key.startsWith(prefix))),
  );
  const json = JSON.stringify({ texts, nowMs: view.nowMs, data: content.data ?? null });
  return (
    <script type="application/json" id="page-data">{raw(json.replaceAll("<", "\\u003c"))}</script>
  );
}
