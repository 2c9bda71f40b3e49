/**
 * The page of a meter or device.
 *
 * @module
 */

import { startChart } from "./source_chart.js";
import { startHeatMap } from "./source_heat.js";
import { startLive } from "./source_live.js";
import { byId, showFault, source } from "./source_shared.js";

const chart = startChart();
if (source.firstMs !== null) {
  startHeatMap((fromMs, toMs) => {
    chart?.zoomTo(fromMs, toMs);
    byId("chart-card")?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }).catch((error) => showFault("heat-readout", error));
}
startChoices();
startLive((beforeMs, lastMs) => chart?.grow(beforeMs, lastMs));

/** Choosing a year or a metric loads the page of it. */
function startChoices() {
  const form = byId("source-choice");
  if (!(form instanceof HTMLFormElement)) return;
  form.querySelector("button")?.setAttribute("hidden", "");
  form.addEventListener("change", () => form.requestSubmit());
}
