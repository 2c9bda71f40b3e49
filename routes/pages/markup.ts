/**
 * What components give back.
 *
 * @module
 */

import type { Child } from "hono/jsx";
import type { HtmlEscapedString } from "hono/utils/html";

/** Markup whose texts are escaped. */
export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

/** What may stand within an element. */
export type Children = Child | readonly Child[];
