/**
 * Addresses and networks of IPv4 and IPv6 (RFC 4291, RFC 4632).
 *
 * @module
 */

/** An address as 16 bytes. One of IPv4 is `::ffff:a.b.c.d`, as in sockets of IPv6. */
export type AddressBytes = Uint8Array;

/** A network: its first address, and how many leading bits its addresses share with it. */
export interface Network {
  /** The first address. */
  readonly first: AddressBytes;
  /** How many leading bits of the 128 are the same in all its addresses. */
  readonly bits: number;
}

/** What the text of a network must be, in words. */
export const NETWORK_RULE: string =
  "an address or a network, such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32, without bits after " +
  "its prefix";

const BYTES = 16;
const V4_PREFIX_BITS = 96;

/** The bytes of an address; null if the text is none. The zone of a local address is left out. */
export function parseAddress(text: string): AddressBytes | null {
  const [address] = text.split("%", 1);
  if (!address.includes(":")) {
    const v4 = parseV4(address);
    if (v4 === null) return null;
    const bytes = new Uint8Array(BYTES);
    bytes.set([0xff, 0xff, ...v4], 10);
    return bytes;
  }
  return parseV6(address);
}

/** The network of a text; null if it is none. An address alone is a network of one address. */
export function parseNetwork(text: string): Network | null {
  const [, address, prefix] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  if (address === undefined) return null;
  const first = parseAddress(address);
  if (first === null) return null;
  const offset = address.includes(":") ? 0 : V4_PREFIX_BITS;
  const bits = prefix === undefined ? 8 * BYTES : Number(prefix) + offset;
  if (bits > 8 * BYTES) return null;
  const hasOthers = first.some((byte, at) => (byte & ~maskOf(bits, at)) !== 0);
  return hasOthers ? null : { first, bits };
}

/** Whether a network has an address. */
export function isInNetwork({ first, bits }: Network, address: AddressBytes): boolean {
  return first.every((byte, at) => ((byte ^ address[at]) & maskOf(bits, at)) === 0);
}

/** The bits of one byte that a prefix covers. */
function maskOf(bits: number, at: number): number {
  const own = Math.min(8, Math.max(0, bits - 8 * at));
  return (0xff00 >> own) & 0xff;
}

function parseV4(text: string): number[] | null {
  const parts = text.split(".");
  // A leading zero may mean octal elsewhere, so it is no number here.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return null;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte < 256) ? bytes : null;
}

function parseV6(text: string): AddressBytes | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const sides = halves.map((half, at) =>
    half === "" ? [] : groupBytes(half, at === halves.length - 1)
  );
  if (sides.includes(null)) return null;
  const [head, tail = []] = sides.flatMap((side) => side === null ? [] : [side]);
  const given = head.length + tail.length;
  // `::` stands for at least one group of zeros.
  if (halves.length === 1 ? given !== BYTES : given > BYTES - 2) return null;
  const bytes = new Uint8Array(BYTES);
  bytes.set(head, 0);
  bytes.set(tail, BYTES - tail.length);
  return bytes;
}

/** The bytes of groups between colons. The last one of an address may be an address of IPv4. */
function groupBytes(text: string, isLast: boolean): number[] | null {
  const groups = text.split(":");
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (group.includes(".")) {
      const v4 = isLast && index === groups.length - 1 ? parseV4(group) : null;
      if (v4 === null) return null;
      bytes.push(...v4);
    } else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else return null;
  }
  return bytes.length > BYTES ? null : bytes;
}
