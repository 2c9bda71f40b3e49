import { AppError, type ErrorCode } from "../../../data/app_error.ts";
import { createUploadPlaces, type UploadClaim } from "../../../routes/http/upload_places.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const claim = (who: string, totalBytes: number | null = 10, own?: number): UploadClaim => ({
  who,
  totalBytes,
  bytesAtOnce: own ?? null,
});

function refusalOf(run: () => unknown): { code: ErrorCode; message: string } {
  const { code, message } = assertThrows(run, AppError);
  return { code, message };
}

Deno.test("so many uploads run at once; a place that is left is free again", () => {
  const places = createUploadPlaces({ maxUploads: 3, bytesAtOnce: 1_000 });
  const held = ["a", "b", "c"].map((who) => places.enter(claim(who)));
  assertEquals(refusalOf(() => places.enter(claim("d"))), {
    code: "TOO_MANY_UPLOADS",
    message: "The service takes at most 3 uploads at once",
  });
  held[1][Symbol.dispose]();
  held[1][Symbol.dispose]();
  places.enter(claim("d"));
  assertEquals(refusalOf(() => places.enter(claim("e"))).code, "TOO_MANY_UPLOADS");
});

Deno.test("one caller may have half of the places", () => {
  const places = createUploadPlaces({ maxUploads: 5, bytesAtOnce: 1_000 });
  for (let index = 0; index < 3; index++) places.enter(claim("a"));
  assertEquals(refusalOf(() => places.enter(claim("a"))), {
    code: "TOO_MANY_UPLOADS",
    message: "You may send at most 3 uploads at once",
  });
  places.enter(claim("b"));
});

Deno.test("the running uploads of a caller have at most so many bytes together", () => {
  const places = createUploadPlaces({ maxUploads: 10, bytesAtOnce: 100 });
  const first = places.enter(claim("a", 60));
  const message = "The uploads that you send at once may have at most 100 bytes together";
  const tooMany = { code: "TOO_MANY_UPLOADS", message };
  assertEquals(refusalOf(() => places.enter(claim("a", 41))), tooMany);
  places.enter(claim("b", 100));
  places.enter(claim("a", 40));
  assertEquals(refusalOf(() => places.enter(claim("a", 1))), tooMany);
  first[Symbol.dispose]();
  places.enter(claim("a", 60));
  assertEquals(refusalOf(() => places.enter(claim("a", 101))), {
    ...tooMany,
    code: "BODY_TOO_LARGE",
  });
});

Deno.test("an upload without a length counts with what arrived", () => {
  const places = createUploadPlaces({ maxUploads: 10, bytesAtOnce: 100 });
  const open = places.enter(claim("a", null));
  const known = places.enter(claim("a", 30));
  open.received(70);
  known.received(1_000);
  assertEquals(refusalOf(() => open.received(71)).code, "BODY_TOO_LARGE");
  open[Symbol.dispose]();
  places.enter(claim("a", 70));
});

Deno.test("a key may have a lower limit of its own, but no higher one", () => {
  const places = createUploadPlaces({ maxUploads: 10, bytesAtOnce: 100 });
  assertEquals(refusalOf(() => places.enter(claim("a", 51, 50))).code, "BODY_TOO_LARGE");
  assertEquals(refusalOf(() => places.enter(claim("b", 101, 200))).code, "BODY_TOO_LARGE");
});
