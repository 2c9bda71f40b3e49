/**
 * Pages of the service in a real browser: as one sees them, and what axe-core finds wrong.
 *
 * @module
 */

import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import axe from "axe-core";

/** Where Debian installs it; the environment variable `CHROMIUM` overrides it. */
const PATH = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";
/** The folder in which screenshots are kept; none are by default. */
const SCREENSHOTS = Deno.env.get("SCREENSHOTS");

/** The ways in which each screen is looked at. */
export const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1440, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1440, height: 900 } },
  phone: { colorScheme: "light", viewport: { width: 360, height: 760 } },
} as const satisfies Readonly<Record<string, BrowserContextOptions>>;

/** A browser that opens pages. */
export interface OpenedBrowser extends AsyncDisposable {
  /** Opens a page whose errors and warnings are kept in `complaints`. */
  open(url: string, options?: BrowserContextOptions): Promise<SeenPage>;
}

/** A page. */
export interface SeenPage extends AsyncDisposable {
  /** The page. */
  readonly page: Page;
  /** Warnings and errors in the console, and uncaught exceptions. */
  readonly complaints: readonly string[];
}

/** Starts a browser. */
export async function openBrowser(): Promise<OpenedBrowser> {
  const args = ["--no-sandbox", "--disable-dev-shm-usage"];
  const browser: Browser = await chromium.launch({ executablePath: PATH, args });
  return {
    async open(url, options = {}) {
      const context = await browser.newContext({
        locale: "en-GB",
        timezoneId: "Europe/Berlin",
        ...options,
      });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) complaints.push(message.text());
      });
      await page.goto(url);
      return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

/** What axe-core finds wrong with a page, one line a rule. */
export async function violationsOf(page: Page): Promise<string[]> {
  // The policy of the pages lets no script in but their own, so it comes as a command.
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    // deno-lint-ignore no-explicit-any
    const { violations } = await (globalThis as any).axe.run();
    return violations;
  });
  // deno-lint-ignore no-explicit-any
  return found.map(({ id, nodes }: any) => `${id}: ${nodes.map((one: any) => one.html).join(" ")}`);
}

/** Whether a page is wider than its window, so that one would have to scroll sideways. */
export async function isTooWide(page: Page): Promise<boolean> {
  return await page.evaluate("document.documentElement.scrollWidth > innerWidth") as boolean;
}

/** Keeps a picture of the whole page, if screenshots are wanted. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS === undefined) return;
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage: true });
}
