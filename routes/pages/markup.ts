/**
 * What components give back.
 *
 * @module
 */

import type { HtmlEscapedString } from "hono/utils/html";

/** Markup whose texts are escaped. */
export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;
