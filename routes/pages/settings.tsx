/**
 * The screen Settings: what one may do and use, and the keys.
 *
 * @module
 */

import type { Context } from "hono";
import { accountOf } from "../../data/access/account.ts";
import { AppError } from "../../data/app_error.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import {
  changeKey,
  createKey,
  type KeyActionDeps,
  listKeys,
  requireKeyId,
  revokeKey,
  rotateKey,
} from "../access/key_actions.ts";
import { keyBody } from "../access/key_body.ts";
import type { KeyBody } from "../access/schemas.ts";
import { type UsageDeps, usageOf } from "../access/usage.ts";
import { answerForm, statusOf, tryAction } from "./form_action.ts";
import { seeOther } from "./form_answers.ts";
import { rotationOf } from "./form_parts.tsx";
import { fieldsOfKey, keyChangeOfForm, keyPage } from "./key_view.tsx";
import type { PageContent } from "./layout.tsx";
import { keyBodyOfForm } from "./key_form.ts";
import { type SettingsParts, SettingsView } from "./settings_view.tsx";
import type { Pages } from "./show_page.tsx";
import type { View } from "./view.ts";

/** What the screen needs. */
export interface SettingsDeps extends KeyActionDeps, UsageDeps {
  /** The address of the service as its users know it; null if unknown. */
  readonly publicUrl: string | null;
}

/** The screen and its forms. */
export function settingsRoutes(deps: SettingsDeps, pages: Pages): GuardedRoutes {
  const form = { pages, publicUrl: deps.publicUrl, path: "/settings" };
  return guardedRoutes(pages.refuse)
    .get("/settings", pages.show((c, view) => settingsPage(c, deps, view)))
    .post("/settings/keys", (c) =>
      answerForm(c, form, async ({ view, fields }) => {
        const made = await tryAction(c, () => createKey(c, deps, keyBodyOfForm(fields)));
        if (made instanceof AppError) {
          const page = await settingsPage(c, deps, view, { fields, failed: made });
          return { ...page, status: statusOf(made) };
        }
        return { ...await settingsPage(c, deps, view, { shown: made }), status: 201 };
      }))
    .get(
      "/settings/keys/:id",
      pages.show(async (c, view) => {
        const key = await keyOf(deps, c.req.param("id") ?? "");
        return keyPage(view, { key, fields: fieldsOfKey(key), failed: null });
      }),
    )
    .post("/settings/keys/:id", (c) => {
      const id = c.req.param("id");
      return answerForm(c, form, async ({ view, fields }) => {
        const key = await keyOf(deps, id);
        const body = keyChangeOfForm(key, fields);
        const failed = await tryAction(c, () => changeKey(c, deps, { id, body }));
        if (!(failed instanceof AppError)) return seeOther("/settings#keys");
        return { ...keyPage(view, { key, fields, failed }), status: statusOf(failed) };
      });
    })
    .post("/settings/keys/:id/rotate", (c) =>
      answerForm(c, form, async ({ view, fields }) => {
        const id = c.req.param("id");
        const shown = await rotateKey(c, deps, { id, body: rotationOf(fields) });
        return await settingsPage(c, deps, view, { shown });
      }))
    .post("/settings/keys/:id/revoke", (c) =>
      answerForm(c, form, async () => {
        await revokeKey(deps, c.req.param("id"));
        return seeOther("/settings#keys");
      }));
}

async function keyOf({ keys, now }: SettingsDeps, id: string): Promise<KeyBody> {
  const key = await keys.get(requireKeyId(id));
  if (key === null) throw new AppError("KEY_NOT_FOUND", `There is no key ${id}`);
  return keyBody(key, { nowMs: now() });
}

async function settingsPage(
  c: Context,
  deps: SettingsDeps,
  view: View,
  more: Pick<SettingsParts, "shown" | "fields" | "failed"> = {},
): Promise<PageContent> {
  const { say } = view;
  const page = { title: say("settings.title"), screen: "settings" as const };
  if (!view.hasSignIn) return { ...page, body: <p class="notice">{say("settings.off")}</p> };
  const caller = c.get("caller");
  const [usage, keys] = await Promise.all([
    usageOf(deps, accountOf(caller), caller.limits),
    view.may("admin") ? listKeys(deps) : null,
  ]);
  return { ...page, body: <SettingsView view={view} parts={{ usage, keys, ...more }} /> };
}
