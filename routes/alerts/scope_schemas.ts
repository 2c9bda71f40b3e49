/**
 * What alerts and maintenance windows are about, in requests and answers.
 *
 * @module
 */

import { z } from "zod";
import { ID_PATTERN_FORM, ID_PATTERN_RULE } from "../../data/access/id_pattern.ts";
import { KEY_PATTERNS_MAX, PROFILE_NAME_PATTERN, PROFILE_NAME_RULE } from "../../data/limits.ts";
import { objectError } from "./schema_texts.ts";

/** The longest pattern of a type or location of devices. */
const TEXT_MAX = 200;

/** What is watched. */
export const onText = z.enum(
  ["devices", "meters", "stores"],
  "on must be devices, meters or stores",
).meta({
  id: "AlertSubjects",
  description: "What is watched: `devices`, `meters` or `stores`.",
  examples: ["devices"],
});

const idsRule = `scope.ids must be null or a list of 1 to ${KEY_PATTERNS_MAX} patterns of ids`;

function textPattern(name: string, description: string, example: string) {
  const rule = `scope.${name} must be null or a text of 1 to ${TEXT_MAX} characters`;
  return z.string(rule).min(1, rule).max(TEXT_MAX, rule).nullable()
    .meta({ description, examples: [example] });
}

const profileRule = `scope.profile must be null or ${PROFILE_NAME_RULE}`;

const scopeFields = {
  ids: z.array(
    z.string(idsRule).regex(ID_PATTERN_FORM, `A pattern in scope.ids must be ${ID_PATTERN_RULE}`),
    idsRule,
  ).min(1, idsRule).max(KEY_PATTERNS_MAX, idsRule).nullable().meta({
    description: "Patterns of ids: `*` stands for any run of characters. `null` is every id.",
    examples: [["site-a.*"]],
  }),
  device_type: textPattern(
    "device_type",
    "The type of devices, with `*` for any run of characters; `null` is every type.",
    "home battery",
  ),
  location: textPattern(
    "location",
    "The location of devices, with `*` for any run of characters; `null` is every location.",
    "cellar*",
  ),
  profile: z.string(profileRule).regex(PROFILE_NAME_PATTERN, profileRule).nullable().meta({
    description: "The profile of devices or meters; `null` is every profile.",
    examples: ["battery"],
  }),
};

/** Which of them, in a request. */
export const scopeInput = z.strictObject(scopeFields, objectError("scope must be a JSON object"))
  .partial().meta({
    id: "NewAlertScope",
    description: "Which of them. All fields must match; what is left out matches everything.",
  });

/** Which of them, in an answer. */
export const scopeSchema = z.strictObject(scopeFields).meta({
  id: "AlertScope",
  description: "Which of them. All fields must match; `null` matches everything.",
});

/** Which of them, in a request. */
export type ScopeInput = z.infer<typeof scopeInput>;
/** Which of them, in an answer. */
export type ScopeBody = z.infer<typeof scopeSchema>;
