/**
 * Lanes: jobs of different lanes never wait for each other. Each lane has its own number of jobs that
 * run at the same time, and its own turns.
 *
 * @module
 */

/** `main` for what users ask for, `delivery` for messages to others, which may take long to answer. */
export const LANES = ["main", "delivery"] as const;

/** One of {@link LANES}. */
export type Lane = typeof LANES[number];

/** No caller has an account of this name (`data/access/account.ts`). */
const DELIVERY = "delivery:";
/** No target begins with it. */
const FAILING = "failing:";

/** The lane of the jobs of an account. All jobs of an account have the same lane. */
export function laneOf(account: string): Lane {
  return account.startsWith(DELIVERY) ? "delivery" : "main";
}

/**
 * The account of the deliveries to a target. Targets take turns, so none waits for all of another one.
 * A target whose last attempt failed has another account, which tells without a read what it is.
 */
export function deliveryAccount(target: string, isFailing = false): string {
  return DELIVERY + (isFailing ? FAILING : "") + target;
}

/** The kind of target of an account of the lane of deliveries, and whether its last attempt failed. */
export function deliveryPlace(account: string): { channel: string; isFailing: boolean } {
  const rest = account.slice(DELIVERY.length);
  const isFailing = rest.startsWith(FAILING);
  const target = isFailing ? rest.slice(FAILING.length) : rest;
  return { channel: target.split(":")[0], isFailing };
}
