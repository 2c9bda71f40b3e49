/**
 * Stores as answers show them.
 *
 * @module
 */

import type { WeeklySpan } from "../../data/stores/business_hours.ts";
import { clockText } from "../../data/time/clock_text.ts";
import { instantText } from "../../data/time/time_text.ts";
import type { StoreDetail, StoreInfo } from "../../kv/stores/info.ts";
import type { StoreBody, StoreDetailBody, WeeklyHoursBody } from "./schemas.ts";

/** A store in a list. */
export function summaryBody({ id, zone, polls }: StoreInfo): StoreBody {
  return {
    store_id: id,
    timezone_str: zone,
    count: polls?.count ?? 0,
    first_poll: polls === null ? null : instantText(polls.firstMs),
    last_poll: polls === null ? null : instantText(polls.lastMs),
  };
}

/** A store with all its details. */
export function detailBody(store: StoreDetail): StoreDetailBody {
  const { hours, rejectedHours } = store;
  return {
    ...summaryBody(store),
    hours: hours?.map(hoursBody) ?? null,
    rejected_hours: rejectedHours === null ? null : {
      uploaded_at: instantText(rejectedHours.atMs),
      rows: rejectedHours.rows,
      field: rejectedHours.field,
      value: rejectedHours.value,
      rule: rejectedHours.rule,
    },
  };
}

/** A span of business hours. */
export function hoursBody({ day, startMs, endMs }: WeeklySpan): WeeklyHoursBody {
  return {
    day_of_week: day,
    start_time_local: clockText(startMs),
    end_time_local: clockText(endMs),
  };
}
