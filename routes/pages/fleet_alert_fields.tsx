/**
 * Fields that the form of a new alert and that of its page share.
 *
 * @module
 */

import { SEVERITIES } from "../../data/alerts/rule.ts";
import type { Markup } from "./markup.ts";
import type { View } from "./view.ts";

/** The fields of text. */
export type AlertField = "name" | "minutes" | "metric" | "limit" | "ids" | "email" | "note";

/** A field of text. Only the name must be filled in. */
export function TextField({ view, name, value }: {
  readonly view: View;
  readonly name: AlertField;
  readonly value: string;
}): Markup {
  return (
    <label>
      <span>{view.say(`fleet.form.${name}`)}</span>
      <input name={name} value={value} required={name === "name"} autocomplete="off" />
    </label>
  );
}

/** The choice of a severity. */
export function SeverityField({ view, chosen }: {
  readonly view: View;
  readonly chosen: string;
}): Markup {
  const { say } = view;
  return (
    <label>
      <span>{say("fleet.severity")}</span>
      <select name="severity">
        {SEVERITIES.map((severity) => (
          <option value={severity} selected={severity === chosen}>
            {say(`fleet.severity.${severity}`)}
          </option>
        ))}
      </select>
    </label>
  );
}
