/**
 * The page that cancels mails: it needs no key, no script and no style.
 *
 * @module
 */

import { escaped } from "../../data/notify/mail_content.ts";
import { type MailStop, STOP_WORDS } from "../../data/notify/mail_stop.ts";
import { SECURITY_HEADERS } from "../http/security_headers.ts";

/** The value of `action` that sends mails again. */
export const RESUME = "resume";

/** The page about some mails, which are cancelled or are not. */
export function stopPage({ kind }: MailStop, isStopped: boolean): Response {
  const words = escaped(STOP_WORDS[kind]);
  const [title, button, action] = isStopped
    ? [`You get no more ${words}`, "Send them again", RESUME]
    : [`Cancel ${words}?`, "Cancel them", "stop"];
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>${title}</title>
</head>
<body>
<h1>${title}</h1>
<form method="post">
<button name="action" value="${action}">${button}</button>
</form>
</body>
</html>
`;
  return new Response(html, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": `${
        SECURITY_HEADERS["content-security-policy"]
      }; form-action 'self'; base-uri 'none'`,
    },
  });
}
