/**
 * The modules of the screen Upload, with a page of elements that only remember what they are given.
 *
 * @module
 */

import { assertEquals } from "../../support/assert.ts";

type Listener = (event: unknown) => unknown;

/** An element that takes everything. */
class FakeElement {
  hidden = true;
  textContent = "";
  disabled = false;
  checked = false;
  value = "";
  files: File[] = [];
  readonly dataset: Record<string, string> = {};
  readonly classList = { add() {}, remove() {}, toggle() {} };
  readonly listeners: Record<string, Listener> = {};
  append() {}
  replaceChildren() {}
  setAttribute() {}
  toggleAttribute() {}
  scrollIntoView() {}
  querySelector = () => null;
  querySelectorAll = () => [];
  addEventListener(name: string, listener: Listener) {
    this.listeners[name] = listener;
  }
}

const elements = new Map<string, FakeElement>();
const page = (id: string): FakeElement => {
  if (!elements.has(id)) elements.set(id, new FakeElement());
  // The line above made it.
  return elements.get(id) as FakeElement;
};

/** Inspections that wait for their answer. */
const asked: { text: string; answer: (response: Response) => void }[] = [];
/** The status with which the service answers what is stored. */
let storedStatus = 200;

/** A request that sends a file and gets the report of a dry run. */
class FakeRequest extends EventTarget {
  readonly upload = new EventTarget();
  readonly status = 200;
  readonly responseText = JSON.stringify({
    dry_run: true,
    smart_meter_id: "second",
    received: 1,
    rejects: [],
    rejected: 0,
  });
  open() {}
  setRequestHeader() {}
  abort() {}
  send() {
    this.dispatchEvent(new Event("load"));
  }
}

const globals: Record<string, unknown> = {
  XMLHttpRequest: FakeRequest,
  HTMLInputElement: FakeElement,
  HTMLButtonElement: FakeElement,
  HTMLProgressElement: FakeElement,
  HTMLSelectElement: FakeElement,
  location: { hash: "", origin: "" },
  document: {
    documentElement: { dataset: {}, lang: "en" },
    getElementById: page,
    createElement: () => new FakeElement(),
    addEventListener() {},
  },
  async fetch(url: string, { body }: { body?: Blob } = {}) {
    if (url === "/api/presets" || url === "/api/import-presets") {
      return Response.json({ presets: [] });
    }
    if (url.includes("/series?")) return new Response("{}", { status: storedStatus });
    const text = await body?.text() ?? "";
    return await new Promise<Response>((answer) => asked.push({ text, answer }));
  },
};

/** What the service says of a file of one meter. */
function inspection(id: string): Response {
  return Response.json({
    title: id,
    format: "csv",
    encoding: "utf-8",
    delimiter: null,
    interval: null,
    compression: null,
    importable: true,
    is_whole: true,
    meters: null,
    doubts: [],
    columns: [],
    readings: [{ timestamp: "2024-01-01T00:00:00Z" }],
    rejects: [],
    reading_lines: [],
    import: { path: `/api/meters/${id}/readings`, parameters: {}, headers: {} },
  });
}

async function until(passes: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100 && !passes(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Gives the modules the page instead of this runtime's own objects, until it is disposed of. */
function setGlobals(): Disposable {
  const names = Object.keys(globals);
  const before = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
  Object.assign(globalThis, globals);
  return {
    [Symbol.dispose]() {
      for (const [index, name] of names.entries()) {
        const descriptor = before[index];
        if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
        else Object.defineProperty(globalThis, name, descriptor);
      }
    },
  };
}

Deno.test("of two files one after the other the second one is shown, and what is stored only if it is known", async () => {
  using _globals = setGlobals();
  page("page-data").textContent = JSON.stringify({ texts: {}, nowMs: 0, data: null });
  await import(new URL("../../../routes/assets/upload.js", import.meta.url).href);
  const input = page("upload-file");
  const take = (name: string) => {
    input.files = [new File([name], `${name}.csv`)];
    input.listeners.change({});
  };
  const answerTo = (name: string) =>
    asked.find(({ text }) => text === name)?.answer(inspection(name));
  take("first");
  await until(() => asked.length === 1);
  take("second");
  await until(() => asked.length === 2);
  answerTo("second");
  await until(() => page("upload-busy").hidden);
  answerTo("first");
  await until(() => page("upload-id").value === "first");
  assertEquals(page("upload-fault").textContent, "");
  assertEquals(page("upload-id").value, "second");
  assertEquals(page("upload-steps").hidden, false);

  // The calendar says that nothing is stored only if the meter is not there.
  for (const [status, isHidden] of [[403, true], [404, false], [429, true], [500, true]] as const) {
    storedStatus = status;
    page("upload-calendar").hidden = !isHidden;
    await page("upload-dry").listeners.click({});
    await until(() => page("upload-cancel").hidden);
    assertEquals([status, page("upload-calendar").hidden], [status, isHidden]);
  }
  assertEquals(page("upload-fault").hidden, true);

  // While another file is looked at, nothing of this one can be imported.
  take("third");
  assertEquals(page("upload-steps").hidden, true);
  // Nothing goes on after the test.
  await until(() => asked.length === 3);
  answerTo("third");
  await until(() => page("upload-busy").hidden);
  assertEquals(page("upload-id").value, "third");
});
