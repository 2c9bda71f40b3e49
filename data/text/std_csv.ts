/**
 * `@std/csv` with types.
 *
 * @module
 */

// @ts-types="./std_csv.d.ts"
export { parse } from "@std/csv";
