/**
 * The pages of webhooks and their deliveries, and what their forms do.
 *
 * @module
 */

import type { Context } from "hono";
import { AppError } from "../../data/app_error.ts";
import { webhookTarget } from "../../data/events/target.ts";
import { DELIVERY_STATES } from "../../kv/events/deliveries.ts";
import { type GuardedRoutes, guardedRoutes } from "../access/guarded_routes.ts";
import { findDeliveries, replayOneDelivery } from "../webhooks/deliveries.ts";
import {
  changeWebhook,
  createWebhook,
  getWebhook,
  listWebhooks,
  removeWebhook,
  rotateWebhook,
  testWebhook,
  type WebhookDeps,
} from "../webhooks/webhook_actions.ts";
import { answerForm, type SentForm, statusOf, tryAction } from "./form_action.ts";
import { seeOther } from "./form_answers.ts";
import { rotationOf } from "./form_parts.tsx";
import type { PageContent } from "./layout.tsx";
import type { Pages } from "./show_page.tsx";
import type { View } from "./view.ts";
import { type WebhookPageParts, WebhookView } from "./webhook_view.tsx";
import {
  nameOf,
  webhookBodyOfForm,
  webhookChangeOfForm,
  type WebhookParts,
  WebhooksView,
} from "./webhooks_view.tsx";

/** How many webhooks the list shows. */
const WEBHOOKS_SHOWN = 100;
/** How many deliveries a page shows. */
const DELIVERIES_SHOWN = 25;

/** What the pages need. */
export interface WebhookPagesDeps extends WebhookDeps {
  /** The address of the service as its users know it; null if unknown. */
  readonly publicUrl: string | null;
}

/** The pages and their forms. */
export function webhookPageRoutes(deps: WebhookPagesDeps, pages: Pages): GuardedRoutes {
  const { publicUrl } = deps;
  /** Answers a button of the page of a webhook. */
  const pressed = (
    c: Context,
    id: string,
    act: (sent: SentForm) => Promise<PageContent | Response>,
  ) => answerForm(c, { pages, publicUrl, path: `/export/webhooks/${encodeURIComponent(id)}` }, act);

  return guardedRoutes(pages.refuse)
    .get(
      "/export/webhooks",
      pages.show(async (c, view) => listPage(view, await webhookParts(c, deps))),
    )
    .post(
      "/export/webhooks",
      (c) =>
        answerForm(c, { pages, publicUrl, path: "/export/webhooks" }, async ({ view, fields }) => {
          const made = await tryAction(c, () => createWebhook(c, deps, webhookBodyOfForm(fields)));
          if (made instanceof AppError) {
            const parts = { ...await webhookParts(c, deps), fields, failed: made };
            return { ...listPage(view, parts), status: statusOf(made) };
          }
          // The page is that of the webhook, to which its links lead back.
          const own = { ...view, path: `/export/webhooks/${made.id}` };
          return {
            ...await webhookPage(c, deps, own, { id: made.id, secret: made.secret }),
            status: 201,
          };
        }),
    )
    .get(
      "/export/webhooks/:id",
      pages.show((c, view) => webhookPage(c, deps, view, { id: c.req.param("id") ?? "" })),
    )
    .post("/export/webhooks/:id", (c) => {
      const id = c.req.param("id");
      return pressed(c, id, async ({ view, fields }) => {
        const body = webhookChangeOfForm(await getWebhook(c, deps, id), fields);
        const failed = await tryAction(c, () => changeWebhook(c, deps, { id, body }));
        if (!(failed instanceof AppError)) return seeOther(`/export/webhooks/${id}`);
        const page = await webhookPage(c, deps, view, { id, fields, failed });
        return { ...page, status: statusOf(failed) };
      });
    })
    .post("/export/webhooks/:id/state", (c) => {
      const id = c.req.param("id");
      return pressed(c, id, async ({ fields }) => {
        await changeWebhook(c, deps, { id, body: { state: fields.get("state") } });
        return seeOther(`/export/webhooks/${id}`);
      });
    })
    .post("/export/webhooks/:id/test", (c) => {
      const id = c.req.param("id");
      return pressed(c, id, async ({ view }) => {
        const test = await testWebhook(c, deps, id);
        return await webhookPage(c, deps, view, { id, test });
      });
    })
    .post("/export/webhooks/:id/rotate", (c) => {
      const id = c.req.param("id");
      return pressed(c, id, async ({ view, fields }) => {
        const { secret } = await rotateWebhook(c, deps, { id, body: rotationOf(fields) });
        return await webhookPage(c, deps, view, { id, secret });
      });
    })
    .post("/export/webhooks/:id/delete", (c) => {
      const id = c.req.param("id");
      return pressed(c, id, async () => {
        await removeWebhook(c, deps, id);
        return seeOther("/export/webhooks");
      });
    })
    .post("/export/webhooks/:id/deliveries/:delivery_id/replay", (c) => {
      const [id, deliveryId] = [c.req.param("id"), c.req.param("delivery_id")];
      return pressed(c, id, async () => {
        await replayOneDelivery(c, deps, { id, deliveryId });
        return seeOther(`/export/webhooks/${id}#deliveries`);
      });
    });
}

/** The webhooks that a caller sees, for the list. */
export function webhookParts(c: Context, deps: WebhookDeps): Promise<WebhookParts> {
  return listWebhooks(c, deps, { limit: WEBHOOKS_SHOWN, cursor: "" });
}

function listPage(view: View, parts: WebhookParts): PageContent {
  return {
    title: view.say("webhooks.title"),
    screen: "export",
    body: <WebhooksView view={view} parts={parts} />,
  };
}

async function webhookPage(
  c: Context,
  deps: WebhookDeps,
  view: View,
  { id, ...more }: { id: string } & Pick<WebhookPageParts, "secret" | "test" | "fields" | "failed">,
): Promise<PageContent> {
  const webhook = await getWebhook(c, deps, id);
  const query = new URL(c.req.url).searchParams;
  const state = DELIVERY_STATES.find((one) => one === query.get("state"));
  const cursor = query.get("before") ?? undefined;
  const { found, next } = await findDeliveries(deps, webhookTarget(webhook.id), {
    limit: DELIVERIES_SHOWN,
    cursor,
    state,
  });
  const parts = { webhook, deliveries: found, next, state, ...more };
  return {
    title: nameOf(webhook),
    screen: "export",
    body: <WebhookView view={view} parts={parts} />,
  };
}
