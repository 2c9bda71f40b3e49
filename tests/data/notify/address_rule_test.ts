import { addressRefusal } from "../../../data/notify/address_rule.ts";
import { assertEquals } from "../../support/assert.ts";

// From the registries of special-purpose addresses of IANA, each range with its first and last address,
// and the documents of the hosts that have metadata at fixed addresses.
const REFUSED = [
  "0.0.0.0",
  "0.255.255.255",
  "10.0.0.0",
  "10.255.255.255",
  "100.64.0.0",
  "100.100.100.200", // metadata of Alibaba Cloud
  "100.127.255.255",
  "127.0.0.1",
  "127.255.255.255",
  "168.63.129.16", // the virtual server of Azure
  "169.254.0.0",
  "169.254.169.254", // metadata of AWS, Google Cloud, Azure, Oracle
  "169.254.170.2", // credentials of tasks of AWS
  "169.254.255.255",
  "172.16.0.0",
  "172.31.255.255",
  "192.0.0.0",
  "192.0.0.192", // metadata of Oracle
  "192.0.2.1",
  "192.88.99.1",
  "192.168.0.0",
  "192.168.255.255",
  "198.18.0.0",
  "198.19.255.255",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "239.255.255.255",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::7f00:1", // 127.0.0.1, compatible
  "::8.8.8.8",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::ffff:10.1.2.3",
  "::ffff:a9fe:a9fe",
  "::ffff:0:127.0.0.1", // RFC 2765
  "64:ff9b::127.0.0.1",
  "64:ff9b::a9fe:a9fe",
  "64:ff9b:1::8.8.8.8",
  "100::1",
  "2001::1", // Teredo
  "2001:0:4136:e378:8000:63bf:3fff:fdd2",
  "2001:2::1",
  "2001:10::1",
  "2001:db8::1",
  "2002:7f00:1::", // 6to4 of 127.0.0.1
  "2002:808:808::1",
  "3fff::1",
  "4000::1",
  "5f00::1",
  "fc00::1",
  "fd00:ec2::254", // metadata of AWS
  "fd20:ce::254", // metadata of Google Cloud
  "fdff:ffff::1",
  "fe80::1",
  "fe80::1%eth0",
  "febf::1",
  "fec0::1",
  "ff02::1",
  // No spelling but the usual one of an address is one.
  "2606:4700::1%eth0",
  "134744072",
  "0x8.8.8.8",
  "010.8.8.8",
  "8.8.8",
  "",
  "example.com",
];

const ALLOWED = [
  "1.1.1.1",
  "8.8.8.8",
  "9.255.255.255",
  "11.0.0.0",
  "100.63.255.255",
  "100.128.0.0",
  "126.255.255.255",
  "128.0.0.0",
  "169.253.255.255",
  "169.255.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.167.255.255",
  "192.169.0.0",
  "198.17.255.255",
  "198.20.0.0",
  "223.255.255.255",
  "::ffff:8.8.8.8",
  // In a network with IPv6 only, DNS64 gives every IPv4 host such an address.
  "64:ff9b::8.8.8.8",
  "2001:4860:4860::8888",
  "2606:4700:4700::1111",
  "2a00:1450:4001:81b::200e",
];

Deno.test("addressRefusal() refuses every address that is not public", () => {
  assertEquals(REFUSED.filter((address) => addressRefusal(address) === null), []);
});

Deno.test("addressRefusal() allows public addresses, up to the edges of ranges", () => {
  assertEquals(ALLOWED.filter((address) => addressRefusal(address) !== null), []);
});

Deno.test("addressRefusal() says what an address is", () => {
  assertEquals(
    [
      "127.0.0.1",
      "::ffff:10.0.0.1",
      "169.254.169.254",
      "fd00:ec2::254",
      "2001:db8::1",
      "4000::1",
      "x",
    ]
      .map(addressRefusal),
    [
      "a loopback address",
      "a private address",
      "a link-local address",
      "a private address",
      "a reserved address",
      "a reserved address",
      "not an address",
    ],
  );
});
