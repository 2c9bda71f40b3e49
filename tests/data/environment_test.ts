import fc from "fast-check";
import * as util from "node:util";
import { parseEnvFile } from "../../data/environment.ts";
import { assertEquals } from "../support/assert.ts";

const parse = (text: string) => Object.fromEntries(parseEnvFile(text));

Deno.test("a .env file has a variable in each line, with comments and blanks around", () => {
  const text =
    "# Settings\n\nHOST=0.0.0.0\r\n  PORT = 8001 # the port\nexport A=x#y\n#B=1\nC\n=D\n";
  assertEquals(parse(text), { HOST: "0.0.0.0", PORT: "8001", A: "x" });
});

Deno.test("the last value of a name in a .env file counts, and an empty one is a value", () => {
  assertEquals(parse("A=1\nA=2\nB=\nC=   \nD=#"), { A: "2", B: "", C: "", D: "" });
});

Deno.test("a value in quotes keeps blanks, # and lines; only double quotes read \\n", () => {
  const text = `A=' x # y ' # z\nB="x\\ny"\nC='x\\ny'\nD=\`it's\n"two"\`\nE="a\\"b"\nF='open\nG=1`;
  assertEquals(parse(text), {
    A: " x # y ",
    B: "x\ny",
    C: "x\\ny",
    D: `it's\n"two"`,
    E: `a\\"b`,
    F: "'open",
    G: "1",
  });
});

Deno.test("a value keeps =, $ and backslashes, and does not expand variables", () => {
  const text = "A=b=c\nB=$A ${A}\nC=C:\\new\n__proto__=1";
  assertEquals([...parseEnvFile(text)], [
    ["A", "b=c"],
    ["B", "$A ${A}"],
    ["C", "C:\\new"],
    ["__proto__", "1"],
  ]);
});

// Deno 2.7 and newer have it.
Deno.test("a .env file is read as node:util reads it", { ignore: !("parseEnv" in util) }, () => {
  const part = fc.constantFrom(
    "a",
    "B_1",
    " ",
    "x y",
    "$A",
    "\\n",
    "\\",
    "é",
    "#",
    '"',
    "'",
    "`",
    "=",
  );
  const some = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(""));
  // There, blanks alone take the value of the next line, an open quote goes on to the next quote, and
  // `export` before no value belongs to the name.
  const plain = some.filter((text) => !/^\s*$|^\s*['"`]|^\s+#/.test(text));
  const quoted = fc.tuple(fc.constantFrom('"', "'", "`"), some, fc.constantFrom("", " # it", "x"))
    .map(([quote, text, rest]) =>
      quote + text.replaceAll(quote, "\n").replace(/\\+$/, "") + quote + rest
    );
  const value = fc.oneof(plain, quoted);
  const line = fc.tuple(fc.constantFrom("A", "B", " C", "export D", "E "), value)
    .map(([name, text]) => `${name}=${text}`);
  const end = fc.constantFrom("\n", "\r\n", "\n\n", "\n# '\n");
  fc.assert(
    fc.property(fc.array(fc.tuple(line, end), { maxLength: 5 }), (lines) => {
      const text = lines.flat().join("");
      assertEquals(parse(text), { ...util.parseEnv(text) });
    }),
    { numRuns: 500 },
  );
});
