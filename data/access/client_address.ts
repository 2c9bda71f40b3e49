/**
 * The address of the client behind proxies, from the headers in which proxies name whom they saw:
 * `X-Forwarded-For`, and `Forwarded` (RFC 7239).
 *
 * Each proxy adds its client at the right end, and passes on what it was sent. So only as many names
 * from the right can be believed as there are proxies of ours; a client can write all the others.
 *
 * @module
 */

import { type AddressBytes, parseAddress } from "./network.ts";

/** What says where a request comes from. */
export interface Route {
  /** The address of the other end of the connection. */
  readonly socket: string;
  /** The header `X-Forwarded-For`; null if it is not there. */
  readonly xForwardedFor: string | null;
  /** The header `Forwarded`; null if it is not there. It counts only without `X-Forwarded-For`. */
  readonly forwarded: string | null;
  /** How many proxies to believe. */
  readonly proxies: number;
}

/**
 * The address of the client. A name that is not an address ends the search: then the last address
 * before it counts.
 */
export function clientAddress({ socket, xForwardedFor, forwarded, proxies }: Route): string {
  let address = directAddress(socket);
  const names = xForwardedFor === null ? forwardedFor(forwarded ?? "") : xForwardedFor.split(",");
  for (let index = 0; index < proxies; index++) {
    const name = names[names.length - 1 - index];
    const next = name === undefined ? null : addressIn(name.trim());
    if (next === null) break;
    address = next;
  }
  return address;
}

/** The address of a client that no proxy stands before, as {@link clientAddress} gives it. */
export function directAddress(socket: string): string {
  // Most requests come from an address of IPv4, and need no parsing.
  return socket.includes(":") ? shortened(socket) : socket;
}

/**
 * The name under which requests from an address are counted. A network of IPv6 with 64 bits counts
 * as one, as a single client has all of its addresses.
 */
export function addressAccount(address: string): string {
  // Most addresses are of IPv4, and need no parsing.
  if (!address.includes(":")) return `address:${address}`;
  const bytes = parseAddress(address);
  if (bytes === null || isV4(bytes)) return `address:${address}`;
  return `address:${bytes.slice(0, 8).toHex()}/64`;
}

/** The values of `for` in a header `Forwarded`, without their quotes; "" where one is missing. */
function forwardedFor(header: string): string[] {
  return quotedParts(header, ",").map((element) => {
    for (const pair of quotedParts(element, ";")) {
      const [, value] = /^\s*for\s*=(.*)$/i.exec(pair) ?? [];
      if (value !== undefined) return unquoted(value.trim());
    }
    return "";
  });
}

/** The parts of a text between separators that are not in quotes. */
function quotedParts(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    if (isQuoted && text[at] === "\\") at++;
    else if (text[at] === '"') isQuoted = !isQuoted;
    else if (!isQuoted && text[at] === separator) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function unquoted(text: string): string {
  if (!/^".*"$/s.test(text)) return text;
  return text.slice(1, -1).replace(/\\(.)/gs, "$1");
}

/** The address in a name: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`. */
function addressIn(name: string): string | null {
  const [, inBrackets] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(name) ?? [];
  const [, withPort] = /^([^:]*):\d{1,5}$/.exec(name) ?? [];
  const address = inBrackets ?? withPort ?? name;
  return parseAddress(address) === null ? null : shortened(address);
}

/** An address in the text that people use: one of IPv4 also if the socket is of IPv6. */
function shortened(address: string): string {
  const bytes = parseAddress(address);
  if (bytes === null || !isV4(bytes)) return address.toLowerCase();
  return bytes.slice(12).join(".");
}

function isV4(bytes: AddressBytes): boolean {
  return bytes.every((byte, at) => at >= 12 || byte === (at < 10 ? 0 : 0xff));
}
