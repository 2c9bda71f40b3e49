/**
 * The address of a mail server.
 *
 * @module
 */

/** How a mail server is reached. */
export interface SmtpServer {
  /** Its host name or address. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
  /** `tls` from the first byte, `starttls` before anything is said, or `none` for this machine. */
  readonly security: "tls" | "starttls" | "none";
  /** The name and password; null for a server that needs none. */
  readonly login: { readonly user: string; readonly password: string } | null;
}

/**
 * Reads `smtp://` or `smtps://` with an optional login, and `tls=off` in the query. Without a port it
 * is that of the scheme: 587 for submission with STARTTLS (RFC 6409), 465 with TLS (RFC 8314), 25
 * without. Null if the text is none.
 */
export function parseSmtpUrl(text: string): SmtpServer | null {
  const form = /^(smtps?):\/\/(?:[^/?#@\s]+@)?[^/?#@\s]+\/?(?:\?tls=off)?$/i;
  if (!form.test(text) || !URL.canParse(text)) return null;
  const { protocol, hostname, port, username, password, search } = new URL(text);
  const isOff = search !== "";
  if (hostname === "" || (isOff && protocol === "smtps:")) return null;
  const security = protocol === "smtps:" ? "tls" : isOff ? "none" : "starttls";
  const login = loginOf(username, password);
  if (login === undefined) return null;
  const usual = { tls: 465, starttls: 587, none: 25 }[security];
  return {
    // The brackets of an IPv6 address belong to the URL.
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? usual : Number(port),
    security,
    login,
  };
}

/** Name and password; null without both, undefined if one is missing or not encoded rightly. */
function loginOf(user: string, password: string): SmtpServer["login"] | undefined {
  if (user === "" && password === "") return null;
  try {
    const login = { user: decodeURIComponent(user), password: decodeURIComponent(password) };
    return user === "" || password === "" || /\p{Cc}/u.test(login.user + login.password)
      ? undefined
      : login;
  } catch {
    return undefined;
  }
}
