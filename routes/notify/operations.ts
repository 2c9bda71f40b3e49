/**
 * Links that cancel mails, in the OpenAPI document.
 *
 * @module
 */

import { z } from "zod";
import { STOP_TOKEN_MAX } from "../../data/notify/mail_stop.ts";
import type { Answer, Operation, Parameter } from "../openapi/operation.ts";

const token: Parameter = {
  in: "path",
  name: "token",
  description: "The last part of the link in the mail.",
  schema: z.string().min(1).max(STOP_TOKEN_MAX),
  example: "WyJzY2hlZHVsZSJd.AAAA",
};

const page = (description: string): Answer => ({
  status: 200,
  description,
  headers: ["Cache-Control"],
  content: [{ mediaType: "text/html", schema: z.string() }],
});

const show: Operation = {
  method: "get",
  path: "/mails/stop/{token}",
  id: "showMailStop",
  tag: "Mails",
  summary: "Show what a link of a mail cancels",
  description: "A page that asks before it cancels. Every mail has such a link; it needs no key.",
  parameters: [token],
  answers: [page("The page.")],
  problems: ["LINK_INVALID"],
};

const stop: Operation = {
  method: "post",
  path: "/mails/stop/{token}",
  id: "stopMails",
  tag: "Mails",
  summary: "Cancel mails",
  description:
    "Cancels the mails of this kind to this address: those about the schedule or alert, or about " +
    "files that the same sender asks for. Mail programs send it by themselves (RFC 8058), with a form " +
    "that does not matter. The form `action=resume` sends mails again.",
  parameters: [token],
  answers: [page("The mails are cancelled, or sent again.")],
  problems: ["LINK_INVALID"],
};

/** The operations of links in mails. */
export const mailStopOperations: readonly Operation[] = [show, stop];
