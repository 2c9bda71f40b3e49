/**
 * What every page does.
 *
 * @module
 */

import { startCopying } from "./copy.js";
import { startPreferences } from "./preferences.js";
import { startTimes } from "./times.js";

startPreferences();
startTimes();
startCopying();

// On a phone the screens do not fit side by side.
document.querySelector(".screens [aria-current]")?.scrollIntoView({
  block: "nearest",
  inline: "center",
});
