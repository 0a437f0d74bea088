import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type Running, root, start } from "../package/commands.js";

/** Where screenshots are kept. */
export const artifacts = join(root, "artifacts");

const cli = join(root, "packages", "holdfast", "dist", "cli.js");
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** Every wait of a page; generous, because the machine may be busy. */
const patienceMs = 30_000;

/** The chat page as a test uses it: a browser, and a gateway process that can be killed. */
export class ChatPage {
  /** What the pages complained of: errors of scripts, refusals of the content security policy. */
  readonly complaints: string[] = [];
  #browser: Browser | undefined;
  #gateway: Running | undefined;

  constructor() {
    beforeAll(async () => {
      await mkdir(artifacts, { recursive: true });
      const executablePath = process.env.HOLDFAST_CHROMIUM ?? "/usr/bin/chromium";
      this.#browser = await chromium.launch({ executablePath, args: flags });
    }, 60_000);
    afterEach(async () => {
      await Promise.all(this.#open.contexts().map((context) => context.close()));
      if (this.#gateway?.child.exitCode === null) await this.kill();
      this.complaints.length = 0;
    });
    afterAll(() => this.#browser?.close());
  }

  get #open(): Browser {
    if (this.#browser === undefined) throw new Error("the browser has not begun");
    return this.#browser;
  }

  /** Starts the gateway with the development profile. */
  async serve(port = 0): Promise<{ url: string; port: number }> {
    const args = [cli, "serve", "--dev", "--port", String(port)];
    this.#gateway = start(process.execPath, args, root);
    const [, url = "", used = ""] = await this.#gateway.printed(/(http:\/\/127\.0\.0\.1:(\d+))/);
    return { url, port: Number(used) };
  }

  async kill(): Promise<void> {
    await this.#gateway?.stop("SIGKILL");
  }

  /** A page in a browser of its own, before it is anywhere. */
  async blank(options: BrowserContextOptions = {}): Promise<Page> {
    const viewport = { width: 1100, height: 680 };
    const context = await this.#open.newContext({ viewport, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(patienceMs);
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("console", (message) => {
      // A lost connection is the browser's to report, and what these tests are about.
      const isExpected = /WebSocket|ERR_CONNECTION_REFUSED/.test(message.text());
      if (message.type() === "error" && !isExpected) this.complaints.push(message.text());
    });
    return page;
  }

  /** Someone of their own, with a name, in a room. */
  async enter(
    url: string,
    name: string,
    { room = "lobby", ...options }: BrowserContextOptions & { room?: string } = {},
  ): Promise<Page> {
    const page = await this.blank(options);
    await page.goto(`${url}/#${room}`);
    await page.getByLabel("Your name").fill(name);
    await page.getByRole("button", { name: "Join" }).click();
    await connected(page);
    return page;
  }
}

/** Waits until a page says that it is connected. */
export const connected = (page: Page): Promise<void> =>
  page.locator('#state[data-state="open"]').waitFor();

/** Writes a message and sends it with Enter. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.keyboard.press("Enter");
}

/** Waits until a page shows a message that has come back from the gateway. */
export const shows = (page: Page, text: string): Promise<void> =>
  page.locator(".message:not(.pending)").filter({ hasText: text }).first().waitFor();
