import { isInNetwork, parseAddress, parseNetwork } from "../../../data/access/network.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const hex = (text: string) => parseAddress(text)?.toHex();

Deno.test("the ways to write an address of IPv6 are the same address (RFC 4291, 2.2)", () => {
  const same: [string, string[]][] = [
    ["20010db8000000000008" + "0800200c417a", [
      "2001:DB8:0:0:8:800:200C:417A",
      "2001:db8::8:800:200c:417a",
    ]],
    ["ff010000000000000000000000000101", ["FF01:0:0:0:0:0:0:101", "ff01::101"]],
    ["0".repeat(31) + "1", ["::1", "0:0:0:0:0:0:0:1", "::0.0.0.1"]],
    ["0".repeat(32), ["::", "0::0"]],
    ["0".repeat(20) + "ffff" + "81903426", [
      "::ffff:129.144.52.38",
      "129.144.52.38",
      "::ffff:8190:3426",
    ]],
    ["fe80" + "0".repeat(27) + "1", ["fe80::1%eth0", "fe80::1"]],
  ];
  for (const [bytes, texts] of same) {
    for (const text of texts) assertEquals(hex(text), bytes, text);
  }
});

Deno.test("texts that are no address are refused", () => {
  const texts = [
    ..."|1.2.3|1.2.3.4.5|256.1.1.1|01.2.3.4|1.2.3.x|-1.2.3.4|1,2,3,4".split("|"),
    ..."1::2::3|:::|1:2:3:4:5:6:7|1:2:3:4:5:6:7:8:9|1:2:3:4:5:6:7::8|12345::|g::|1.2.3.4::".split(
      "|",
    ),
    ..."::1.2.3.4:5|::256.1.1.1|[::1]|localhost|::1/64".split("|"),
  ];
  for (const text of texts) assertEquals(parseAddress(text), null, text);
});

Deno.test("a network has the addresses that share its prefix", () => {
  const table: [network: string, inside: string[], outside: string[]][] = [
    ["192.0.2.0/24", ["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.9"], [
      "192.0.3.0",
      "::192.0.2.1",
    ]],
    ["10.0.0.0/8", ["10.255.255.255"], ["11.0.0.0", "9.255.255.255"]],
    ["192.0.2.128/25", ["192.0.2.128"], ["192.0.2.127"]],
    ["192.0.2.7", ["192.0.2.7"], ["192.0.2.6"]],
    ["0.0.0.0/0", ["1.2.3.4"], ["2001:db8::1"]],
    ["::/0", ["1.2.3.4", "2001:db8::1"], []],
    ["2001:db8::/33", ["2001:db8:7fff::1"], ["2001:db8:8000::1"]],
    ["::1/128", ["::1"], ["::2"]],
  ];
  for (const [text, inside, outside] of table) {
    const network = parseNetwork(text);
    assert(network !== null, text);
    const isInside = (address: string) => isInNetwork(network, parseAddress(address)!);
    for (const address of inside) assert(isInside(address), `${text} ${address}`);
    for (const address of outside) assert(!isInside(address), `${text} ${address}`);
  }
});

Deno.test("a network with bits after its prefix, or a prefix that is too long, is refused", () => {
  const texts =
    "192.0.2.1/24|10.0.0.0/33|::1/64|2001:db8::/129|10.0.0.0/|/8|10.0.0.0/-1|a/8|fe80::1%eth0";
  for (const text of texts.split("|")) assertEquals(parseNetwork(text), null, text);
});
