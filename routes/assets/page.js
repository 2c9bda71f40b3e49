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
