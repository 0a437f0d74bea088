import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Running, root, start } from "../package/commands.js";

// The chat page as two people use it, in a real browser, with a gateway process that is killed.

const cli = join(root, "packages", "holdfast", "dist", "cli.js");
const artifacts = join(root, "artifacts");
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

let browser: Browser;
let gateway: Running | undefined;
const contexts: BrowserContext[] = [];
const complaints: string[] = [];

beforeAll(async () => {
  await mkdir(artifacts, { recursive: true });
  const executablePath = process.env.HOLDFAST_CHROMIUM ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: flags });
}, 60_000);

afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
  if (gateway?.child.exitCode === null) await gateway.stop("SIGKILL");
});

afterAll(() => browser?.close());

async function serve(port: number): Promise<{ url: string; port: number }> {
  gateway = start(process.execPath, [cli, "serve", "--dev", "--port", String(port)], root);
  const [, url = "", used = ""] = await gateway.printed(/(http:\/\/127\.0\.0\.1:(\d+))/);
  return { url, port: Number(used) };
}

/** Someone of their own, with a name, in a room. */
async function enter(url: string, name: string, room = "lobby"): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1100, height: 680 } });
  contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs);
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // A lost connection is the browser's to report, and what these tests are about.
    const isExpected = /WebSocket|ERR_CONNECTION_REFUSED/.test(message.text());
    if (message.type() === "error" && !isExpected) complaints.push(message.text());
  });
  await page.goto(`${url}/#${room}`);
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Join" }).click();
  await connected(page);
  return page;
}

const connected = (page: Page): Promise<void> =>
  page.locator('#state[data-state="open"]').waitFor();

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.keyboard.press("Enter");
}

/** Waits until a page shows a message that has come back from the gateway. */
const shows = (page: Page, text: string): Promise<void> =>
  page.locator(".message:not(.pending)").filter({ hasText: text }).first().waitFor();

test("two people see each other, see each other type, and talk", async () => {
  const { url } = await serve(0);
  const ada = await enter(url, "Ada");
  const grace = await enter(url, "Grace");
  for (const page of [ada, grace]) {
    for (const name of ["Ada", "Grace"]) {
      await page.locator("#members li").filter({ hasText: name }).waitFor();
    }
    expect(await page.locator("#count").textContent()).toBe("2");
    expect(await page.locator("#members small").textContent()).toBe(" (you)");
  }

  await grace.getByLabel("Message", { exact: true }).pressSequentially("How is");
  await ada.getByText("Grace is typing").waitFor();
  // Typing is ephemeral: it is nobody's history and moves nobody's position.
  expect(await ada.locator("#position").textContent()).toMatch(/^offset 0 /);

  await say(ada, "Does it keep my place?");
  await shows(grace, "Does it keep my place?");
  await say(grace, "Cut the line and see: <b>nothing</b> is lost <img src=x onerror=alert(1)>");
  await shows(ada, "<b>nothing</b> is lost <img src=x onerror=alert(1)>");
  expect(await ada.locator(".bubble img, .bubble b").count()).toBe(0);
  await say(ada, "And who is late reads from the start?");
  await shows(grace, "And who is late reads from the start?");

  const late = await enter(url, "Linus");
  await shows(late, "Does it keep my place?");
  await late.getByLabel("Message", { exact: true }).pressSequentially("Hello");
  await ada.getByText("Linus is typing").waitFor();
  await ada.screenshot({ path: join(artifacts, "chat.png") });

  await late.close();
  await ada.locator("#members li").filter({ hasText: "Linus" }).waitFor({ state: "detached" });
  expect(complaints).toEqual([]);
}, 120_000);

test("after SIGKILL and a new start both come back by themselves and show that they were reset", async () => {
  const first = await serve(0);
  const ada = await enter(first.url, "Ada");
  const grace = await enter(first.url, "Grace");
  await say(ada, "before the crash");
  await shows(grace, "before the crash");

  await gateway?.stop("SIGKILL");
  for (const page of [ada, grace]) {
    await page.locator('#state:not([data-state="open"])').waitFor();
  }
  await say(ada, "written while away");
  await serve(first.port);

  for (const page of [ada, grace]) {
    await connected(page);
    await page.locator(".divider").filter({ hasText: "history was reset" }).waitFor();
    await page.locator("#members li").filter({ hasText: "Grace" }).waitFor();
    // The engine in memory began anew, so what it held is gone from the page as well.
    expect(await page.getByText("before the crash").count()).toBe(0);
  }
  await shows(ada, "written while away");
  await shows(grace, "written while away");
  await grace.screenshot({ path: join(artifacts, "chat-after-restart.png") });
  expect(complaints).toEqual([]);
}, 180_000);

test("on a phone nothing runs out of the screen", async () => {
  const { url } = await serve(0);
  const page = await enter(url, "Ada", "random");
  await page.setViewportSize({ width: 360, height: 640 });
  await say(page, "a".repeat(300));
  await shows(page, "aaaa");
  const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
  expect(wide).toBeLessThanOrEqual(0);
  await page.screenshot({ path: join(artifacts, "chat-phone.png") });
}, 120_000);
