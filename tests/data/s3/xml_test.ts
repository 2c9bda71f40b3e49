import { xmlElements, xmlEscaped, xmlText } from "../../../data/s3/xml.ts";
import { assertEquals } from "../../support/assert.ts";

// After the example of ListObjectsV2 in the API reference of Amazon S3.
const LISTED = `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>bucket</Name><Prefix/><KeyCount>2</KeyCount><IsTruncated>false</IsTruncated>
  <Contents>
    <Key>my-image.jpg</Key><ETag>&quot;fba9dede5f27731c9771645a39863328&quot;</ETag><Size>434234</Size>
  </Contents>
  <Contents><Key>a&amp;b &lt;&#xE4;&#228;&gt;&apos;&amp;amp;</Key><Size>1</Size></Contents>
</ListBucketResult>`;

Deno.test("xmlElements() and xmlText() read lists with escaped keys", () => {
  const items = xmlElements(LISTED, "Contents");
  assertEquals(items.map((item) => xmlText(item, "Key")), ["my-image.jpg", "a&b <ää>'&amp;"]);
  assertEquals(xmlText(items[0], "ETag"), '"fba9dede5f27731c9771645a39863328"');
  assertEquals([xmlText(items[1], "ETag"), xmlText(LISTED, "Prefix")], [null, null]);
  assertEquals(xmlText("<Key></Key>", "Key"), "");
  assertEquals(xmlText("<KeyMarker>x</KeyMarker>", "Key"), null);
});

Deno.test("xmlText() returns the text that xmlEscaped() escaped", () => {
  const text = `<"a" & 'b'>`;
  assertEquals(xmlEscaped(text), `&lt;&quot;a&quot; &amp; 'b'&gt;`);
  assertEquals(xmlText(`<T>${xmlEscaped(text)}</T>`, "T"), text);
});
