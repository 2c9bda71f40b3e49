/**
 * Where figures and ids lead: to the screens that show them, or to the API where there is none yet.
 *
 * @module
 */

/** The lists. */
export const LISTS = {
  offlineDevices: "/fleet/devices?state=offline",
  stores: "/fleet",
  meters: "/meters",
  jobs: "/export#jobs",
  alerts: "/fleet/alerts",
  continuous: "/api/continuous-exports",
} as const;

/** Where a device is shown. */
export function deviceHref(id: string): string {
  return `/device/${encodeURIComponent(id)}`;
}

/** Where a meter is shown. */
export function meterHref(id: string): string {
  return `/meters/${encodeURIComponent(id)}`;
}

/** Where a store is shown. */
export function storeHref(id: string): string {
  return `/fleet/stores/${encodeURIComponent(id)}`;
}

/** Where what an alert watches is shown. */
export function subjectHref(on: string, id: string): string {
  if (on.startsWith("device")) return deviceHref(id);
  return on.startsWith("store") ? storeHref(id) : meterHref(id);
}
