/**
 * The languages of the pages. Another language is a file next to `texts/en.ts` and a line here.
 *
 * @module
 */

import { DE } from "./texts/de.ts";
import { EN, type Texts } from "./texts/en.ts";

/** The codes of the languages; the first is for those who want none of them. */
export const LANGUAGES = ["en", "de"] as const;

/** The code of a language. */
export type LanguageCode = typeof LANGUAGES[number];

/** The texts of each language. */
export const TEXTS: Readonly<Record<LanguageCode, Texts>> = { en: EN, de: DE };

/** What each language calls itself. */
export const LANGUAGE_NAMES: Readonly<Record<LanguageCode, string>> = {
  en: "English",
  de: "Deutsch",
};
