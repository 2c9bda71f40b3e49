/**
 * Exports that run again and again: the list, with what one can do with each.
 *
 * @module
 */

import type { Schedule } from "../schedules/schemas.ts";
import { State, Time } from "./components.tsx";
import { MONTHLY } from "./export_form.ts";
import { Action, Confirmed } from "./form_parts.tsx";
import type { Markup } from "./markup.ts";
import type { View } from "./view.ts";

const LEVELS = {
  active: "good",
  paused: "unknown",
  stopped: "bad",
} as const satisfies Readonly<Record<Schedule["state"], string>>;

/** What the list shows. */
export interface ScheduleParts {
  /** The schedules that the caller sees. */
  readonly schedules: readonly Schedule[];
  /** Whether there are more. */
  readonly isMore: boolean;
  /** Whether one was made just now. */
  readonly isMade: boolean;
}

/** The list of schedules. */
export function SchedulesView({ view, parts }: {
  readonly view: View;
  readonly parts: ScheduleParts;
}): Markup {
  const { say } = view;
  const { schedules, isMore, isMade } = parts;
  return (
    <section class="card" id="schedules" aria-labelledby="schedules-title">
      <header>
        <h2 id="schedules-title">{say("export.schedules")}</h2>
        {isMade ? <p class="muted" role="status">{say("export.repeat.done")}</p> : null}
      </header>
      {schedules.length === 0
        ? <p class="muted">{say("export.schedules.none")}</p>
        : (
          <div class="table-frame" tabindex={0} role="group" aria-labelledby="schedules-title">
            <table class="cards">
              <thead>
                <tr>
                  {(["what", "rule", "next", "state", "actions"] as const).map((name) => (
                    <th scope="col">{say(`export.schedules.${name}`)}</th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {schedules.map((schedule) => <Row view={view} schedule={schedule} />)}
              </tbody>
            </table>
          </div>
        )}
      {isMore ? <p class="hint">{say("export.schedules.more")}</p> : null}
    </section>
  );
}

function Row({ view, schedule }: {
  readonly view: View;
  readonly schedule: Schedule;
}): Markup {
  const { say } = view;
  const { name, cron, every, timezone, state, stop_reason: reason, problem } = schedule;
  const [next] = schedule.next_runs;
  return (
    <tr>
      <td class="id">
        <strong>{name}</strong>
      </td>
      <td data-label={say("export.schedules.rule")}>
        {cron === MONTHLY ? say("export.schedules.monthly") : cron ?? every}
        <p class="hint">{timezone}</p>
      </td>
      <td data-label={say("export.schedules.next")}>
        {next === undefined
          ? <span class="muted">–</span>
          : <Time view={view} at={next.runs_at} zone={timezone} />}
      </td>
      <td>
        <State level={LEVELS[state]} text={say(`export.schedule.${state}`)} />
        {reason === null ? null : <p class="hint">{reason}</p>}
        {problem === null ? null : <p class="fault">{problem.message}</p>}
      </td>
      <td>{view.may("export") ? <Actions view={view} schedule={schedule} /> : null}</td>
    </tr>
  );
}

function Actions({ view, schedule }: {
  readonly view: View;
  readonly schedule: Schedule;
}): Markup {
  const { say } = view;
  const { id, name, state } = schedule;
  const turn = state === "active" ? "pause" : "resume";
  const path = `/export/schedules/${id}`;
  return (
    <div class="row actions">
      {(["run", turn] as const).map((act) => (
        <Action action={`${path}/${act}`} text={say(`export.schedule.do.${act}`)} of={name} />
      ))}
      <Confirmed
        action={`${path}/delete`}
        text={say("export.schedule.do.delete")}
        of={name}
        question={say("export.schedule.delete.ask")}
      />
    </div>
  );
}
