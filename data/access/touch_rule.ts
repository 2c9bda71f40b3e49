/**
 * What an upload is told about ids that its key may not touch. The sentence is the same whether there
 * is something with the id or not.
 *
 * @module
 */

/** Whether a caller may touch what has this id; what a caller may not touch does not exist for it. */
export type MayTouch = (id: string) => boolean;

/** The rules that ids break which a key may not touch. */
export const TOUCH_RULES: Readonly<Record<"meter" | "device" | "store", string>> = {
  meter: "a meter that your key may touch",
  device: "a device that your key may touch",
  store: "a store that your key may touch",
};
