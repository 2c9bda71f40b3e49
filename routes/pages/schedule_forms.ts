/**
 * What the forms of schedules do: "repeat monthly", run now, pause, resume, delete.
 *
 * @module
 */

import type { Context } from "hono";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import {
  createSchedule,
  pauseSchedule,
  removeSchedule,
  resumeSchedule,
  runSchedule,
  type ScheduleDeps,
  schedulesOf,
} from "../schedules/schedule_actions.ts";
import { type ExportForm, MONTHLY, monthlyBodyOfForm } from "./export_form.ts";
import { answerForm } from "./form_action.ts";
import { seeOther } from "./form_answers.ts";
import type { ScheduleParts } from "./schedules_view.tsx";
import type { Pages } from "./show_page.tsx";
import type { View } from "./view.ts";

/** How many schedules are shown. */
const SCHEDULES_SHOWN = 50;
/** The longest name of a schedule, characters. */
const NAME_MAX = 100;

/** What the forms need. */
export interface ScheduleFormsDeps extends ScheduleDeps {
  /** The address of the service as its users know it; null if unknown. */
  readonly publicUrl: string | null;
}

/** The buttons of the list. */
export function scheduleFormRoutes(deps: ScheduleFormsDeps, pages: Pages): GuardedRoutes {
  const { publicUrl } = deps;
  const pressed = (c: Context, act: () => Promise<unknown>) =>
    answerForm(c, { pages, publicUrl, path: "/export" }, async () => {
      await act();
      return seeOther(`/export${queryOfPage(c)}#schedules`);
    });
  return guardedRoutes(pages.refuse)
    .post(
      "/export/schedules/:schedule_id/run",
      (c) => pressed(c, () => runSchedule(c, deps, { id: c.req.param("schedule_id"), slot: null })),
    )
    .post(
      "/export/schedules/:schedule_id/pause",
      (c) => pressed(c, () => pauseSchedule(c, deps, c.req.param("schedule_id"))),
    )
    .post(
      "/export/schedules/:schedule_id/resume",
      (c) => pressed(c, () => resumeSchedule(c, deps, c.req.param("schedule_id"))),
    )
    .post(
      "/export/schedules/:schedule_id/delete",
      (c) => pressed(c, () => removeSchedule(c, deps, c.req.param("schedule_id"))),
    );
}

/** The schedules that a caller sees, for the list. */
export async function scheduleParts(c: Context, deps: ScheduleDeps): Promise<ScheduleParts> {
  const { schedules, next } = await schedulesOf(c, deps, { limit: SCHEDULES_SHOWN });
  const isMade = new URL(c.req.url).searchParams.has("repeated");
  return { schedules, isMore: next !== null, isMade };
}

/** Makes the schedule of a form: what it asks for, for each month on the first of the next one. */
export async function repeatMonthly(
  c: Context,
  deps: ScheduleDeps,
  { say }: View,
  form: ExportForm,
): Promise<void> {
  const name = say("export.repeat.name", { ids: form.ids.join(", ") }).slice(0, NAME_MAX);
  const { timezone } = form;
  await createSchedule(c, deps, {
    name,
    cron: MONTHLY,
    timezone,
    request: monthlyBodyOfForm(form),
  });
}

/** The query of the page that sent a form, so that its export form stays filled in; "" if unknown. */
function queryOfPage(c: Context): string {
  const referrer = c.req.header("referer") ?? "";
  if (!URL.canParse(referrer)) return "";
  const { pathname, searchParams } = new URL(referrer);
  searchParams.delete("repeated");
  return pathname === "/export" && searchParams.size > 0 ? `?${searchParams}` : "";
}
