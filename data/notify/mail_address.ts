/**
 * Addresses of mail. One address is one recipient: no names, lists, comments or quoted parts, because
 * those are how more recipients and headers get into a mail.
 *
 * @module
 */

/** The longest address, characters (RFC 5321 §4.5.3.1.3: a path of 256 with its brackets). */
export const ADDRESS_MAX = 254;
/** The longest name of a sender, characters. */
const NAME_MAX = 100;

/** {@link isMailAddress} in words. */
export const MAIL_ADDRESS_RULE =
  `one e-mail address such as energy@example.com, without a name, at most ${ADDRESS_MAX} characters`;

/** Dot-atom (RFC 5322 §3.2.3), at most 64 characters (RFC 5321 §4.5.3.1.1). */
const LOCAL = /^(?=.{1,64}$)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
/** Labels of at most 63 characters (RFC 1035 §2.3.4). A host without a dot is one of a local network. */
const DOMAIN =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** Whether a text is one address in ASCII. Domains of other scripts are written as `xn--…`. */
export function isMailAddress(text: string): boolean {
  if (text.length > ADDRESS_MAX) return false;
  const parts = text.split("@");
  return parts.length === 2 && LOCAL.test(parts[0]) && DOMAIN.test(parts[1]);
}

/** The form in which two spellings of an address are the same: no server tells cases apart. */
export function sameAddress(address: string): string {
  return address.toLowerCase();
}

/** Who sends a mail. */
export interface MailSender {
  /** The name that programs show; "" for none. */
  readonly name: string;
  /** The address. */
  readonly address: string;
}

/** {@link parseSender} in words. */
export const MAIL_SENDER_RULE =
  `an address such as openwatts@example.com, or a name before it: OpenWatts <openwatts@example.com>`;

/** Reads `ADDRESS` or `NAME <ADDRESS>`; null if it is neither. */
export function parseSender(text: string): MailSender | null {
  const [, name = "", inBrackets] = /^([^<>]*?)\s*<([^<>]*)>$/.exec(text.trim()) ?? [];
  const address = inBrackets ?? text.trim();
  const plain = name.replace(/^"(.*)"$/, "$1").trim();
  // Commas and colons would make a list or a group of it (RFC 5322 §3.4).
  const isName = plain.length <= NAME_MAX && !/[\p{Cc}\p{Cf}",:;@\\()[\]]/u.test(plain);
  return isName && isMailAddress(address) ? { name: plain, address } : null;
}
