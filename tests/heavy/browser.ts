/**
 * A real browser, for tests of pages.
 *
 * @module
 */

import { type Browser, chromium, type Page } from "playwright-core";

/** Where Debian puts it; `CHROMIUM` names another place. */
const PATH = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";

/** A page and all that it asked for and complained of. */
export interface WatchedPage extends AsyncDisposable {
  /** The page. */
  readonly page: Page;
  /** Addresses that it asked for, those that its policy stopped too. */
  readonly requests: readonly string[];
  /** What it wrote to the console as a warning or error, and what it threw. */
  readonly complaints: readonly string[];
}

/** Whether a browser is installed. */
export async function hasBrowser(): Promise<boolean> {
  try {
    return (await Deno.stat(PATH)).isFile;
  } catch {
    return false;
  }
}

/** Opens a page in a fresh browser. */
export async function openPage(url: string): Promise<WatchedPage> {
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  const browser: Browser = await chromium.launch({ executablePath: PATH, args });
  const page = await browser.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  await page.goto(url);
  return { page, requests, complaints, [Symbol.asyncDispose]: () => browser.close() };
}
