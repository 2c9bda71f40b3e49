/**
 * Opens pages in a real browser.
 *
 * @module
 */

import { type Browser, chromium, type Page } from "playwright-core";

/** Where Debian installs it; the environment variable `CHROMIUM` overrides it. */
const PATH = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";

/** A page, its requests and its errors. */
export interface WatchedPage extends AsyncDisposable {
  /** The page. */
  readonly page: Page;
  /** Addresses that it requested, including those that its policy blocked. */
  readonly requests: readonly string[];
  /** Warnings and errors in the console, and uncaught exceptions. */
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

/** Opens a page in a new browser. */
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
