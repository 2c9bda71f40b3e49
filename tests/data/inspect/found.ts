/**
 * Inspecting a text or bytes in tests.
 *
 * @module
 */

import { inspectFile } from "../../../data/inspect/inspect_file.ts";
import type { Inspection } from "../../../data/inspect/inspection.ts";

/** What is found in a whole file. */
export function found(content: string | Uint8Array): Inspection {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return inspectFile({ bytes, isWhole: true, compression: null });
}

/** The same in lines. */
export function foundIn(...lines: string[]): Inspection {
  return found(`${lines.join("\n")}\n`);
}

/** What a doubt about something says; empty if there is none. */
export function doubt({ doubts }: Inspection, about: string): string {
  return doubts.filter((one) => one.about === about)
    .map(({ detail, settle }) => `${detail} → ${settle}`).join("\n");
}

/** Lines of a table with a row every `minutes`, from a function of the row. */
export function rows(count: number, row: (index: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => row(index));
}

/** A local time, `minutes` after a start, as `yyyy-MM-dd HH:mm`. */
export function clock(start: string, minutes: number): string {
  return new Date(Date.parse(`${start}Z`) + minutes * 60_000).toISOString()
    .slice(0, 16).replace("T", " ");
}

/** A date and clock as `dd/MM/yyyy HH:mm`. */
export function dayFirst(start: string, minutes: number): string {
  const [year, month, day, rest] = clock(start, minutes).split(/[- ]/);
  return `${day}/${month}/${year} ${rest}`;
}
