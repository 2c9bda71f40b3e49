/**
 * `GET /api/overview`, for the OpenAPI document.
 *
 * @module
 */

import type { Operation } from "../openapi/operation.ts";
import { overviewSchema } from "./schemas.ts";

const get: Operation = {
  method: "get",
  path: "/api/overview",
  id: "getOverview",
  tag: "Service",
  summary: "Read what is wrong, if anything is",
  description: "The figures of the page Home: devices that are offline, stores that are down " +
    "within their hours, meters whose data are late, jobs that run or failed, continuous exports " +
    "that lag, and the room on the disk and for files in the database.\n\nThe service finds them out at most every three seconds, " +
    "however many ask, so you may ask often. Each part is null if your key may not read it.",
  answers: [{
    status: 200,
    description: "The figures.",
    headers: ["Cache-Control"],
    content: [{ mediaType: "application/json", schema: overviewSchema }],
  }],
  problems: [],
};

/** The operations of the overview. */
export const overviewOperations: readonly Operation[] = [get];
