/**
 * The addresses (URLs) that a user may have the service send to.
 *
 * A URL is read once, by the rules of the WHATWG, so that `2130706433`, `0x7f.1` and `0177.0.0.1` are
 * 127.0.0.1 before anything looks at them.
 *
 * @module
 */

import { addressRefusal } from "./address_rule.ts";
import { quoted } from "../quoted.ts";

/** The longest URL of a target, characters. */
export const TARGET_URL_MAX = 2_048;

/** Where to send. */
export interface Target {
  /** Whether the connection is encrypted. */
  readonly isTls: boolean;
  /** The name to resolve, or an address without brackets. */
  readonly host: string;
  /** Whether the host is an address. */
  readonly isAddress: boolean;
  /** The port. */
  readonly port: number;
  /** What the `Host` header says. */
  readonly hostHeader: string;
  /** Path and query. */
  readonly path: string;
}

/**
 * What keeps the service from sending to a URL, in words; null if nothing does before its name is
 * resolved. Names are resolved at each request, because their addresses change.
 */
export function checkTargetUrl(text: string, allowPrivate: boolean): string | null {
  const read = readTarget(text);
  if (typeof read === "string") return read;
  const refusal = allowPrivate ? null : hostRefusal(read);
  return refusal === null ? null : `${quoted(read.host)} is ${refusal}`;
}

/** The target of a URL, or what is wrong with it, in words. */
export function readTarget(text: string): Target | string {
  if (text.length > TARGET_URL_MAX) return `must have at most ${TARGET_URL_MAX} characters`;
  const url = /^https?:\/\/[^\s\\]+$/i.test(text) ? URL.parse(text) : null;
  if (url === null) return "must be a URL that begins with https:// or http://";
  if (url.username !== "" || url.password !== "") return "must not have a user or password";
  if (url.port === "0") return "must not have port 0";
  const isTls = url.protocol === "https:";
  const isV6 = url.hostname.startsWith("[");
  return {
    isTls,
    host: isV6 ? url.hostname.slice(1, -1) : url.hostname,
    isAddress: isV6 || /^\d+\.\d+\.\d+\.\d+$/.test(url.hostname),
    port: url.port === "" ? (isTls ? 443 : 80) : Number(url.port),
    hostHeader: url.host,
    path: url.pathname + url.search,
  };
}

/** Why the host of a target is refused already as it is written; null if it is not. */
export function hostRefusal({ host, isAddress }: Target): string | null {
  if (isAddress) return addressRefusal(host);
  return /(^|\.)localhost\.?$/.test(host) ? "a name of this machine" : null;
}
