/**
 * Exports that run again and again. `routes/assets/schedules.js` fills in the list through the API.
 *
 * @module
 */

import type { Markup } from "./markup.ts";
import type { View } from "./view.ts";

/** The list of schedules; hidden without JavaScript. */
export function SchedulesView({ view }: { readonly view: View }): Markup {
  const { say } = view;
  return (
    <section class="card" id="schedules" aria-labelledby="schedules-title" hidden>
      <header>
        <h2 id="schedules-title">{say("export.schedules")}</h2>
        <p id="repeat-said" class="muted" role="status"></p>
      </header>
      <p id="schedules-none" class="muted">{say("export.schedules.none")}</p>
      <div class="table-frame" tabindex={0} role="group" aria-labelledby="schedules-title">
        <table class="cards">
          <thead>
            <tr>
              {(["what", "rule", "next", "state", "actions"] as const).map((name) => (
                <th scope="col">{say(`export.schedules.${name}`)}</th>
              ))}
            </tr>
          </thead>
          <tbody></tbody>
        </table>
      </div>
    </section>
  );
}
