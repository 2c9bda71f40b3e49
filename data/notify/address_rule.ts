/**
 * Which addresses a user may make the service connect to: public ones. What lies behind the others is
 * the service itself, its network, or the metadata of its host.
 *
 * The ranges are those of the registries of special-purpose addresses of IANA (RFC 6890).
 *
 * @module
 */

import ipaddr from "ipaddr.js";
import { parseAddress } from "../access/network.ts";

const { IPv4, IPv6 } = ipaddr;
type IPv4 = ipaddr.IPv4;
type IPv6 = ipaddr.IPv6;

/** Services of hosts at addresses that are otherwise public: the virtual server of Azure. */
const METADATA: ReadonlySet<string> = new Set(["168.63.129.16"]);

/** What ranges are called, where the name of `ipaddr.js` is not what people say. */
const RANGE_WORDS: Readonly<Record<string, string>> = {
  unspecified: "an unspecified address",
  broadcast: "the broadcast address",
  multicast: "a multicast address",
  linkLocal: "a link-local address",
  loopback: "a loopback address",
  carrierGradeNat: "an address of carrier-grade NAT",
  private: "a private address",
  uniqueLocal: "a private address",
  deprecatedSiteLocal: "a private address",
  "6to4": "an IPv4 address in an IPv6 address",
  teredo: "an IPv4 address in an IPv6 address",
  rfc6145: "an IPv4 address in an IPv6 address",
};

/** All unicast addresses of IPv6 that the internet routes (RFC 4291): nothing else is public. */
const GLOBAL_UNICAST: [IPv6, number] = IPv6.parseCIDR("2000::/3");
/** The addresses of IPv4 hosts in networks with IPv6 only (RFC 6052), which DNS64 gives. */
const NAT64: [IPv6, number] = IPv6.parseCIDR("64:ff9b::/96");

/**
 * Why the service may not connect to an address, such as "a loopback address"; null if it may.
 *
 * An IPv4 address in an IPv6 address (mapped, or of NAT64) is judged as the IPv4 address. What is no
 * address is refused, and so is one with a zone (`%eth0`), which names a network of this machine.
 */
export function addressRefusal(text: string): string | null {
  // `ipaddr.js` also reads other spellings, and some of them as another address than sockets do.
  const bytes = text.includes("%") ? null : parseAddress(text);
  if (bytes === null) return "not an address";
  const address = new IPv6([...bytes]);
  if (address.isIPv4MappedAddress()) return v4Refusal(address.toIPv4Address());
  if (address.match(NAT64)) return v4Refusal(new IPv4([...bytes.subarray(12)]));
  const range = address.range();
  if (range !== "unicast") return rangeWords(range);
  return address.match(GLOBAL_UNICAST) ? null : "a reserved address";
}

function v4Refusal(address: IPv4): string | null {
  if (METADATA.has(address.toString())) return "an address of the host's own services";
  const range = address.range();
  return range === "unicast" ? null : rangeWords(range);
}

function rangeWords(range: string): string {
  return RANGE_WORDS[range] ?? "a reserved address";
}
