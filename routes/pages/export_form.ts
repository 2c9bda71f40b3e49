/**
 * The form of an export: its fields, and the body that they make.
 *
 * @module
 */

import { PERIODS } from "../../data/time/period.ts";

/** The fields of the form. Those that are empty are left out of the body. */
export interface ExportForm {
  /** Whether the sources are meters or devices. */
  readonly kind: "meter" | "device";
  /** The ids that are ticked or typed, each once. */
  readonly ids: readonly string[];
  /** A period, or `custom` for two times. */
  readonly period: string;
  /** The first time. */
  readonly start: string;
  /** The last time. */
  readonly end: string;
  /** The zone. */
  readonly timezone: string;
  /** The length of buckets. */
  readonly interval: string;
  /** What happens where readings are missing. */
  readonly gaps: string;
  /** The format of the file. */
  readonly format: string;
  /** The dialect of CSV. */
  readonly csv: string;
  /** How the file is compressed. */
  readonly compression: string;
  /** How several sources share a file. */
  readonly layout: string;
}

/** Stands for two times of one's own instead of a period. */
export const CUSTOM = "custom";

/** The choices of `period`. */
export const PERIOD_CHOICES: readonly string[] = [...PERIODS, CUSTOM];

/** When an export repeats monthly: the first of a month at six, when the last month has ended. */
export const MONTHLY = "0 6 1 * *";

/** The form that fields of a query or a sent form fill in. */
export function readExportForm(fields: URLSearchParams, zone: string): ExportForm {
  const text = (name: string, otherwise: string) => fields.get(name)?.trim() || otherwise;
  const typed = (fields.get("ids") ?? "").split(/[\s,;]+/);
  const [start, end] = [text("start", ""), text("end", "")];
  const kind = fields.get("kind") === "device" ? "device" : "meter";
  return {
    kind,
    // `id` is for links of other pages. What is ticked has the name of its kind.
    ids: [...new Set([...fields.getAll(kind), ...fields.getAll("id"), ...typed])]
      .filter((id) => id !== ""),
    period: text("period", start === "" && end === "" ? "last_7_days" : CUSTOM),
    start,
    end,
    timezone: text("timezone", zone),
    interval: text("interval", "raw"),
    gaps: text("gaps", "omit"),
    format: text("format", "csv"),
    csv: text("csv", "rfc4180"),
    compression: text("compression", "none"),
    layout: text("layout", "long"),
  };
}

/** The body of `POST /api/exports` that a form makes. Choices that are the default are left out. */
export function exportBodyOfForm(form: ExportForm): Record<string, unknown> {
  const { kind, ids, layout } = form;
  const name = kind === "meter" ? "smart_meter_id" : "device_id";
  const isCsv = form.format === "csv";
  return {
    ...(ids.length === 1 ? { [name]: ids[0] } : ids.length === 0 ? {} : { [`${name}s`]: ids }),
    ...(form.period === CUSTOM ? timesOf(form) : { period: form.period }),
    ...unless("timezone", form.timezone, "UTC"),
    ...unless("interval", form.interval, "raw"),
    ...unless("gaps", form.gaps, "omit"),
    format: form.format,
    ...(isCsv ? unless("csv", form.csv, "rfc4180") : {}),
    // A file for each source always comes as an archive.
    ...(layout === "per_source" ? {} : unless("compression", form.compression, "none")),
    ...(ids.length > 1 ? unless("layout", layout, "long") : {}),
  };
}

/** The request of a schedule that repeats a form each month: its range is the month before. */
export function monthlyBodyOfForm(form: ExportForm): Record<string, unknown> {
  return exportBodyOfForm({ ...form, period: "last_month" });
}

function timesOf({ start, end }: ExportForm): Record<string, string> {
  return {
    ...(start === "" ? {} : { start_datetime: start }),
    ...(end === "" ? {} : { end_datetime: end }),
  };
}

function unless(name: string, value: string, standard: string): Record<string, string> {
  return value === standard ? {} : { [name]: value };
}
