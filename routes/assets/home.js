/**
 * Home keeps itself up to date, and takes files that are dropped.
 *
 * @module
 */

import { startDrops } from "./drop.js";
import { keepFresh } from "./fragment.js";

const home = document.getElementById("home");
const title = document.title;

/** Shows in the tab how many things need attention. */
function writeTitle() {
  const count = Number(document.getElementById("verdict")?.dataset.count ?? 0);
  document.title = count === 0 ? title : `(${count}) ${title}`;
}

if (home !== null) {
  keepFresh(home, { onChange: writeTitle });
  writeTitle();
  startDrops(home);
}
