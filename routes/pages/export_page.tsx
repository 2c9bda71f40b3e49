/**
 * The screen Export: the form, what the export will be, and the exports that were asked for.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError } from "../../data/app_error.ts";
import type { Caller } from "../../data/access/caller.ts";
import { exportSpecOf } from "../../jobs/exports/export_contract.ts";
import { listDevices } from "../../kv/devices/devices.ts";
import { listMeters } from "../../kv/meters/list.ts";
import type { SeriesStore } from "../../kv/series/store.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { listVisible } from "../access/list_visible.ts";
import { createExport } from "../exports/create_export.ts";
import { requestOf } from "../exports/export_body.ts";
import { jobNotFound } from "../exports/export_file.ts";
import { findExports } from "../exports/export_list.ts";
import type { ExportResourceDeps } from "../exports/export_resources.ts";
import { parseExportRequest } from "../exports/parse_request.ts";
import { previewBody } from "../exports/preview.ts";
import { createFindProfile } from "../exports/sources.ts";
import { exportJob } from "../exports/visible_export.ts";
import { readForm } from "../http/form_body.ts";
import { targetsBody } from "../notify/targets.ts";
import { exportBodyOfForm, type ExportForm, readExportForm } from "./export_form.ts";
import { ExportFormView, type SourceChoice } from "./export_form_view.tsx";
import { ExportJobsView } from "./export_jobs_view.tsx";
import { ExportPreviewView, type PreviewResult } from "./export_preview_view.tsx";
import {
  repeatMonthly,
  scheduleFormRoutes,
  type ScheduleFormsDeps,
  scheduleParts,
} from "./schedule_forms.ts";
import { SchedulesView } from "./schedules_view.tsx";
import { statusOf, tryAction } from "./form_action.ts";
import { fragmentAnswer, requireOwnForm, seeOther } from "./form_answers.ts";
import type { PageContent } from "./layout.tsx";
import type { Pages } from "./show_page.tsx";
import type { View } from "./view.ts";
import { type WebhookPagesDeps, webhookParts } from "./webhook_pages.tsx";
import { WebhooksView } from "./webhooks_view.tsx";

/** How many meters and devices can be ticked; others are typed. */
const SOURCES_MAX = 300;
/** How many exports are shown. */
const JOBS_SHOWN = 20;

/** What the screen needs. */
export interface ExportPageDeps extends ExportResourceDeps, WebhookPagesDeps, ScheduleFormsDeps {
  /** The database. */
  readonly kv: ExportResourceDeps["kv"] & WebhookPagesDeps["kv"] & ScheduleFormsDeps["kv"];
  /** The jobs. */
  readonly jobs: ExportResourceDeps["jobs"] & ScheduleFormsDeps["jobs"];
  /** The webhooks. */
  readonly webhooks: ExportResourceDeps["webhooks"] & WebhookPagesDeps["webhooks"];
  /** Epoch milliseconds now. */
  readonly now: () => number;
  /** The readings. */
  readonly series: Pick<SeriesStore, "describe" | "list">;
  /** The address of the service as its users know it; null if unknown. */
  readonly publicUrl: string | null;
}

/** The screen, its fragments and its forms. */
export function exportPageRoutes(deps: ExportPageDeps, pages: Pages): GuardedRoutes {
  return guardedRoutes(pages.refuse)
    .get(
      "/export",
      pages.show((c, view) => {
        const fields = new URL(c.req.url).searchParams;
        return exportPage(c, deps, { view, form: formOf(view, fields), failed: null });
      }),
    )
    .post("/export", async (c) => {
      requireOwnForm(c, deps.publicUrl);
      const view = await pages.viewOf(c);
      const form = formOf(view, await readForm(c.req.raw));
      try {
        await createExport(c, deps, { body: exportBodyOfForm(form), statusPath: "/api/exports/" });
      } catch (failed) {
        if (!(failed instanceof AppError)) throw failed;
        const seen = viewOfForm(view, form);
        const content = await exportPage(c, deps, { view: seen, form, failed });
        return await pages.answer(c, seen, { ...content, status: 400 });
      }
      return seeOther(`/export?${queryOf(form)}#jobs`);
    })
    .post("/export/schedules", async (c) => {
      requireOwnForm(c, deps.publicUrl);
      const view = await pages.viewOf(c);
      const form = formOf(view, await readForm(c.req.raw));
      const failed = await tryAction(c, () => repeatMonthly(c, deps, view, form));
      if (failed instanceof AppError) {
        const seen = viewOfForm(view, form);
        const content = await exportPage(c, deps, { view: seen, form, failed });
        return await pages.answer(c, seen, { ...content, status: statusOf(failed) });
      }
      return seeOther(`/export?${queryOf(form)}&repeated=1#schedules`);
    })
    .route("/", scheduleFormRoutes(deps, pages))
    .post("/export/jobs", async (c) => {
      requireOwnForm(c, deps.publicUrl);
      const form = await readForm(c.req.raw);
      const view = await pages.viewOf(c);
      try {
        await act(c, deps, form.get("do") ?? "", form.get("id") ?? "");
      } catch (failed) {
        if (!(failed instanceof AppError)) throw failed;
        const shown = formOf(view, new URLSearchParams());
        const seen = { ...view, path: "/export" };
        const content = await exportPage(c, deps, { view: seen, form: shown, failed });
        return await pages.answer(c, seen, { ...content, status: 400 });
      }
      return seeOther("/export#jobs");
    })
    .get("/fragments/export/preview", async (c) => {
      const view = await pages.viewOf(c);
      const form = formOf(view, new URL(c.req.url).searchParams);
      const result = await previewOf(c, deps, form);
      const body = exportBodyOfForm(form);
      return await fragmentAnswer(
        c,
        <ExportPreviewView view={view} result={result} body={body} />,
      );
    })
    .get("/fragments/export/jobs", async (c) => {
      const view = await pages.viewOf(c);
      const jobs = await newestExports(deps, view);
      return await fragmentAnswer(c, <ExportJobsView view={view} jobs={jobs} />);
    });
}

async function exportPage(
  c: Context,
  deps: ExportPageDeps,
  { view, form, failed }: { view: View; form: ExportForm; failed: AppError | null },
): Promise<PageContent> {
  const { say } = view;
  const [{ sources, isMore }, result, jobs, hooks, schedules] = await Promise.all([
    sourcesOf(deps, view.caller),
    failed ?? previewOf(c, deps, form),
    newestExports(deps, view),
    view.may("read") ? webhookParts(c, deps) : null,
    view.may("read") ? scheduleParts(c, deps) : null,
  ]);
  return {
    title: say("nav.export"),
    screen: "export",
    modules: ["export.js"],
    body: (
      <>
        <div class="export">
          <ExportFormView
            view={view}
            form={form}
            sources={sources}
            isMore={isMore}
            hasSchedules={schedules !== null}
          />
          <div id="preview" data-fragment="/fragments/export/preview">
            <ExportPreviewView view={view} result={result} body={exportBodyOfForm(form)} />
          </div>
        </div>
        {schedules === null ? null : <SchedulesView view={view} parts={schedules} />}
        <section class="card" id="jobs" aria-labelledby="jobs-title">
          <header>
            <h2 id="jobs-title">{say("export.jobs")}</h2>
          </header>
          <div id="job-list" data-fragment="/fragments/export/jobs">
            <ExportJobsView view={view} jobs={jobs} />
          </div>
        </section>
        {hooks === null ? null : <WebhooksView view={view} parts={hooks} />}
      </>
    ),
  };
}

/** The form as fields fill it in; its zone is that in which the page shows times. */
function formOf({ zone }: View, fields: URLSearchParams): ExportForm {
  return readExportForm(fields, zone);
}

/** The same form as a query, so that it stays filled in. */
function queryOf({ ids, ...form }: ExportForm): URLSearchParams {
  const query = new URLSearchParams(Object.entries(form).filter(([, value]) => value !== ""));
  for (const id of ids) query.append("id", id);
  return query;
}

/** The view of a page that answers a form, to come back to with the form as it is filled in. */
function viewOfForm(view: View, form: ExportForm): View {
  return { ...view, path: `/export?${queryOf(form)}` };
}

async function previewOf(
  c: Context,
  { previewer, ...deps }: ExportPageDeps,
  form: ExportForm,
): Promise<PreviewResult> {
  if (form.ids.length === 0) return null;
  try {
    const findProfile = createFindProfile(deps, c.get("caller"));
    const asked = await parseExportRequest(exportBodyOfForm(form), {
      nowMs: deps.now(),
      findProfile,
    });
    return await previewBody(previewer, { ...asked, signal: c.req.raw.signal });
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

async function newestExports(
  deps: ExportPageDeps,
  { caller, nowMs }: View,
): Promise<Awaited<ReturnType<typeof findExports>>["found"]> {
  return (await findExports({ ...deps, caller }, { limit: JOBS_SHOWN }, nowMs)).found;
}

/** What a button of the list asks for. */
async function act(c: Context, deps: ExportPageDeps, what: string, id: string): Promise<void> {
  const job = await exportJob(deps.jobs, c.get("caller"), id);
  if (job === null) throw jobNotFound(id);
  if (what === "cancel") await deps.jobs.cancel(job.id);
  if (what === "remove") await deps.jobs.remove(job.id);
  if (what === "again") {
    const body = { ...requestOf(exportSpecOf(job.params)), ...targetsBody(job.targets) };
    await createExport(c, deps, { body, statusPath: "/api/exports/" });
  }
}

/** The first meters and devices that a caller may see. Without the scope `read`, none are listed. */
async function sourcesOf(
  deps: ExportPageDeps,
  caller: Caller,
): Promise<{ sources: SourceChoice[]; isMore: boolean }> {
  if (!caller.scopes.has("read")) return { sources: [], isMore: true };
  const page = { afterId: "", limit: SOURCES_MAX + 1 };
  const [meters, devices] = await Promise.all([
    listVisible(caller, { kind: "meter", list: (page) => listMeters(deps, page) }, page),
    listVisible(caller, { kind: "device", list: (page) => listDevices(deps.kv, page) }, page),
  ]);
  return {
    isMore: meters.length > SOURCES_MAX || devices.length > SOURCES_MAX,
    sources: [
      ...meters.slice(0, SOURCES_MAX).map(({ id, meter: { label } }): SourceChoice => ({
        kind: "meter",
        id,
        label,
      })),
      ...devices.slice(0, SOURCES_MAX).map(({ id, device: { location } }): SourceChoice => ({
        kind: "device",
        id,
        label: location,
      })),
    ],
  };
}
