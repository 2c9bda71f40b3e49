/**
 * Temporal to compute expected times with: that of the runtime, or the package where it has none
 * (Deno 2.5 and 2.6).
 *
 * @module
 */

/** Temporal. */
const temporal: typeof globalThis.Temporal = "Temporal" in globalThis
  ? globalThis.Temporal
  // The declarations of the package differ from those of the runtime in details; no test uses them.
  : (await import("temporal-polyfill")).Temporal as unknown as typeof globalThis.Temporal;

export { temporal as Temporal };
