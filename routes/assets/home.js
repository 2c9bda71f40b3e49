/**
 * Home keeps itself up to date, and takes files that are dropped.
 *
 * @module
 */

import { startDrops } from "./drop.js";
import { keepFresh } from "./fragment.js";

/** How often the page asks what is wrong, and while it waits for the first message, milliseconds. */
const EVERY_MS = 5_000, EMPTY_MS = 1_200;

const home = document.getElementById("home");
const title = document.title;

/** Shows in the tab how many things need attention. */
function writeTitle() {
  const count = Number(document.getElementById("verdict")?.dataset.count ?? 0);
  document.title = count === 0 ? title : `(${count}) ${title}`;
}

if (home !== null) {
  keepFresh(home, {
    everyMs: () => home.querySelector("[data-empty]") === null ? EVERY_MS : EMPTY_MS,
    onChange: writeTitle,
  });
  writeTitle();
  startDrops(home);
}
