import { addressAccount, clientAddress } from "../../../data/access/client_address.ts";
import { assertEquals } from "../../support/assert.ts";

const SOCKET = "10.0.0.9";

function viaXff(xForwardedFor: string, proxies: number): string {
  return clientAddress({ socket: SOCKET, xForwardedFor, forwarded: null, proxies });
}

function viaForwarded(forwarded: string, proxies = 1): string {
  return clientAddress({ socket: SOCKET, xForwardedFor: null, forwarded, proxies });
}

Deno.test("without proxies, the headers of a client are not believed", () => {
  const headers = { xForwardedFor: "192.0.2.1", forwarded: "for=192.0.2.2" };
  assertEquals(clientAddress({ socket: SOCKET, ...headers, proxies: 0 }), SOCKET);
});

Deno.test("each proxy is believed for one name, counted from the right", () => {
  const header = "6.6.6.6, 192.0.2.1,198.51.100.2";
  assertEquals(viaXff(header, 1), "198.51.100.2");
  assertEquals(viaXff(header, 2), "192.0.2.1");
  assertEquals(viaXff(header, 3), "6.6.6.6");
});

Deno.test("with fewer names than proxies, the first name counts; without any, the socket", () => {
  assertEquals(viaXff("192.0.2.1", 4), "192.0.2.1");
  assertEquals(viaXff("", 1), SOCKET);
  assertEquals(viaForwarded(""), SOCKET);
  assertEquals(
    clientAddress({ socket: SOCKET, xForwardedFor: null, forwarded: null, proxies: 1 }),
    SOCKET,
  );
});

Deno.test("a name that is no address ends the search at the one before it", () => {
  assertEquals(viaXff("192.0.2.1, unknown, 198.51.100.2", 3), "198.51.100.2");
  assertEquals(viaXff("192.0.2.1, 1.2.3, 198.51.100.2", 2), "198.51.100.2");
  assertEquals(viaXff("<script>", 1), SOCKET);
  assertEquals(viaForwarded("for=_hidden"), SOCKET);
  assertEquals(viaForwarded("for=192.0.2.1, by=10.0.0.1"), SOCKET);
});

Deno.test("names may have ports and brackets", () => {
  assertEquals(viaXff("192.0.2.1:8443", 1), "192.0.2.1");
  assertEquals(viaXff("[2001:DB8::1]:8443", 1), "2001:db8::1");
  assertEquals(viaXff("2001:db8::1", 1), "2001:db8::1");
  assertEquals(viaXff("::ffff:192.0.2.1", 1), "192.0.2.1");
});

// The examples of RFC 7239, section 4, and a separator in quotes.
Deno.test("Forwarded is read as RFC 7239 writes it", () => {
  assertEquals(viaForwarded('For="[2001:db8:cafe::17]:4711"'), "2001:db8:cafe::17");
  assertEquals(viaForwarded("for=192.0.2.60;proto=http;by=203.0.113.43"), "192.0.2.60");
  assertEquals(viaForwarded("for=192.0.2.43, for=198.51.100.17"), "198.51.100.17");
  assertEquals(viaForwarded("for=192.0.2.43, for=198.51.100.17", 2), "192.0.2.43");
  assertEquals(
    viaForwarded('for="192.0.2.1";secret="a,for=6.6.6.6;b\\",for=7.7.7.7"'),
    "192.0.2.1",
  );
});

Deno.test("Forwarded of a client does not count beside X-Forwarded-For of a proxy", () => {
  const headers = { xForwardedFor: "192.0.2.1", forwarded: "for=6.6.6.6" };
  assertEquals(clientAddress({ socket: SOCKET, ...headers, proxies: 1 }), "192.0.2.1");
});

Deno.test("a socket of IPv6 with a client of IPv4 has the address of IPv4", () => {
  const direct = { xForwardedFor: null, forwarded: null, proxies: 0 };
  assertEquals(clientAddress({ ...direct, socket: "::ffff:127.0.0.1" }), "127.0.0.1");
  assertEquals(clientAddress({ ...direct, socket: "::1" }), "::1");
});

Deno.test("addresses of IPv6 share an account by their first 64 bits, those of IPv4 do not", () => {
  const one = addressAccount("2001:db8:1:2::1");
  assertEquals(addressAccount("2001:db8:1:2:ffff:ffff:ffff:ffff"), one);
  assertEquals(addressAccount("2001:db8:1:3::1") === one, false);
  assertEquals(addressAccount("192.0.2.1") === addressAccount("192.0.2.2"), false);
  assertEquals(addressAccount("::ffff:192.0.2.1") === addressAccount("::ffff:192.0.2.2"), false);
});
