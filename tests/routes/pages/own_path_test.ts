import { ownPath } from "../../../routes/pages/own_path.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("a way back stays on this site, whatever a browser makes of its dots and slashes", () => {
  for (const path of ["/", "/exports", "/meters/a?from=1#b", "/a/../exports"]) {
    const { pathname, search, hash } = new URL(path, "http://site.example");
    assertEquals(ownPath(path), pathname + search + hash);
  }
  const foreign = [
    "//evil.example",
    "/\\evil.example",
    "/.//evil.example",
    "/%2e//evil.example",
    "/..//evil.example",
    "/a/..//evil.example",
    "https://evil.example/",
    "evil.example",
    "",
    undefined,
  ];
  for (const path of foreign) assertEquals(ownPath(path), "/", path);
});
