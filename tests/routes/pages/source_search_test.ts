import { anonymousCaller } from "../../../data/access/caller.ts";
import { type SearchPlace, searchSources } from "../../../routes/pages/source_search.ts";
import { assertEquals } from "../../support/assert.ts";

const CALLER = anonymousCaller("");

/** 9,003 ids: `d00000` to `d08999` lie between others. */
const IDS = [
  "BAT-1",
  ...Array.from({ length: 9_000 }, (_, index) => `d${String(index).padStart(5, "0")}`),
  "old-bat",
  "z-bat",
].map((id) => ({ id }));

/** The ids of all pages of a search, and how many entries each page read. */
async function pagesOf(
  text: string,
  { most = 5_000, rows = 50 } = {},
): Promise<{ pages: string[][]; read: number[] }> {
  const pages: string[][] = [], read: number[] = [];
  for (let place: SearchPlace | null = { after: "" }; place !== null;) {
    let looked = 0;
    const found: Awaited<ReturnType<typeof searchSources<{ id: string }>>> = await searchSources(
      CALLER,
      {
        kind: "device",
        text,
        rows,
        most,
        contains: ({ id }) => id.toLowerCase().includes(text.toLowerCase()),
        list({ afterId, limit }) {
          const page = IDS.filter(({ id }) => id > afterId).slice(0, limit);
          looked += page.length;
          return Promise.resolve(page);
        },
      },
      place,
    );
    pages.push(found.rows.map(({ id }) => id));
    read.push(looked);
    place = found.next;
  }
  return { pages, read };
}

Deno.test("an id beyond the entries that a page looks at is found by itself and by its beginning", async () => {
  assertEquals((await pagesOf("d08999")).pages[0], ["d08999"]);
  const { pages, read } = await pagesOf("d089");
  assertEquals(pages.slice(0, 2).flat(), IDS.slice(8_901, 9_001).map(({ id }) => id));
  // One more than a page holds shows that there is a next one.
  assertEquals(read.slice(0, 2), [51, 51]);
});

Deno.test("a search within ids goes on page by page, finds all, and each once", async () => {
  const { pages, read } = await pagesOf("bat", { most: 4_000 });
  assertEquals(pages, [["BAT-1"], [], ["old-bat", "z-bat"]]);
  // The first page also looked where ids begin with the text.
  assertEquals(read.map((count) => count <= 4_051), [true, true, true]);
  // Ids that begin with the text come first, and not again.
  const all = (await pagesOf("d0899")).pages.flat();
  assertEquals(all, IDS.slice(8_991, 9_001).map(({ id }) => id));
});

Deno.test("full pages of a search go on where they ended", async () => {
  const { pages } = await pagesOf("7", { rows: 100 });
  const expected = IDS.filter(({ id }) => id.includes("7")).map(({ id }) => id);
  assertEquals(pages.flat(), expected);
  assertEquals(pages[0].length, 100);
  assertEquals((await pagesOf("", { rows: 1_000 })).pages.flat(), IDS.map(({ id }) => id));
});
