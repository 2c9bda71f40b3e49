/**
 * Exports that were asked for: how far they are, their files, and what one can do with them.
 *
 * @module
 */

import type { JobRecord } from "../../jobs/engine/jobs.ts";
import { exportBodyOf } from "../exports/export_body.ts";
import type { ExportResource } from "../exports/resource_schemas.ts";
import { State, Time } from "./components.tsx";
import type { Markup } from "./markup.ts";
import type { TextKey } from "./texts/en.ts";
import type { View } from "./view.ts";

const LEVELS = {
  pending: "unknown",
  running: "unknown",
  completed: "good",
  failed: "bad",
  cancelled: "unknown",
  expired: "unknown",
} as const satisfies Readonly<Record<ExportResource["status"], string>>;

/** The table of exports. */
export function ExportJobsView({ view, jobs }: {
  readonly view: View;
  readonly jobs: readonly JobRecord[];
}): Markup {
  const { say } = view;
  if (jobs.length === 0) return <p class="muted">{say("export.jobs.none")}</p>;
  return (
    <div class="table-frame" tabindex={0} role="group" aria-labelledby="jobs-title">
      <table class="cards">
        <thead>
          <tr>
            {(["what", "status", "who", "when", "file", "actions"] as const).map((name) => (
              <th scope="col">{say(`export.jobs.${name}`)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => <Row view={view} job={job} />)}
        </tbody>
      </table>
    </div>
  );
}

function Row({ view, job }: { readonly view: View; readonly job: JobRecord }): Markup {
  const { say } = view;
  const one = exportBodyOf(job, view.nowMs);
  const isOpen = one.status === "pending" || one.status === "running";
  return (
    <tr data-job={one.id} data-open={isOpen ? "" : undefined}>
      <td>
        <What view={view} one={one} />
      </td>
      <td>
        <State level={LEVELS[one.status]} text={say(`export.state.${one.status}` as TextKey)} />
        {one.status === "running"
          ? (
            <progress
              max={100}
              value={one.progress.percent}
              aria-label={say("export.progress")}
            />
          )
          : null}
        {one.error === null ? null : <p class="fault">{one.error.message}</p>}
      </td>
      <td class="id">{whoOf(view, job)}</td>
      <td>
        <Time view={view} at={one.created_at} form="relative" />
      </td>
      <td>
        <File view={view} one={one} />
      </td>
      <td>
        <Actions view={view} one={one} isOpen={isOpen} />
      </td>
    </tr>
  );
}

/** How many sources a row names. */
const NAMED_MAX = 3;

function What({ view, one }: { readonly view: View; readonly one: ExportResource }): Markup {
  const { request, range } = one;
  const ids = [
    request.smart_meter_id ?? request.device_id ?? [],
    request.smart_meter_ids ?? request.device_ids ?? [],
  ].flat();
  const more = ids.length - NAMED_MAX;
  const details = [request.format ?? "csv", request.interval, request.timezone].filter((text) =>
    text !== undefined
  );
  return (
    <>
      <p class="id">
        <strong>{ids.slice(0, NAMED_MAX).join(", ")}</strong>
        {more > 0 ? ` + ${view.formats.number(more, 0)}` : ""}
      </p>
      <p class="hint">
        <Time view={view} at={range.start} form="date" zone={request.timezone} /> –{" "}
        <Time view={view} at={range.end} form="date" zone={request.timezone} /> ·{" "}
        {details.join(" · ")}
      </p>
    </>
  );
}

/** Who asked for it: a key by its id, without keys anyone. */
function whoOf({ say, caller }: View, { owner }: JobRecord): string {
  if (owner === caller.owner) return say("export.jobs.you");
  return owner.replace(/^(key|oidc):/, "");
}

function File({ view, one }: { readonly view: View; readonly one: ExportResource }): Markup {
  const { say, formats } = view;
  const { file } = one;
  if (file === null) return <span class="muted">–</span>;
  return (
    <>
      <a class="button small" href={file.download_url} download>{say("export.download")}</a>
      <p class="hint">
        {formats.size(file.size_bytes)} ·{" "}
        {say("export.jobs.rows", { count: file.rows, number: formats.number(file.rows, 0) })}
      </p>
      <p class="hint">
        {say("export.expires")} <Time view={view} at={file.expires_at} form="relative" />
      </p>
    </>
  );
}

function Actions({ view, one, isOpen }: {
  readonly view: View;
  readonly one: ExportResource;
  readonly isOpen: boolean;
}): Markup {
  const { say } = view;
  const actions = isOpen ? (["cancel"] as const) : (["again", "remove"] as const);
  return (
    <form method="post" action="/export/jobs" class="row">
      <input type="hidden" name="id" value={one.id} />
      {actions.map((name) => (
        <button
          type="submit"
          name="do"
          value={name}
          class="small"
          data-key={`${name}-${one.id}`}
        >
          {say(`export.do.${name}`)}
        </button>
      ))}
    </form>
  );
}
