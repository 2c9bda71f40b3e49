/**
 * The screen Stores keeps itself up to date.
 *
 * @module
 */

import { keepFresh } from "./fragment.js";

/** Polls of stores come every few minutes, and each look reads 90 days. Milliseconds. */
const EVERY_MS = 30_000;

const fleet = document.getElementById("fleet");
if (fleet !== null) keepFresh(fleet, { everyMs: EVERY_MS });
