import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { artifacts, ChatPage, say, shows } from "./chat-page.js";

// The chat page on small and large screens, light and dark, and with a keyboard alone.

const chat = new ChatPage();

/** Ratios of text to its background as WCAG 2.2 §1.4.3 counts them, by selector. */
async function contrasts(page: Page, selectors: readonly string[]): Promise<[string, number][]> {
  const script = `(selectors) => {
    const channels = (color) => color.match(/[\\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => {
      const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const behind = (node) => {
      const color = channels(getComputedStyle(node).backgroundColor);
      return color[3] === 0 && node.parentElement ? behind(node.parentElement) : color;
    };
    return selectors.map((selector) => {
      const node = document.querySelector(selector);
      const [a, b] = [luminance(channels(getComputedStyle(node).color)), luminance(behind(node))];
      return [selector, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
    });
  }`;
  return page.evaluate(`(${script})(${JSON.stringify(selectors)})`);
}

const inside = async (page: Page, selector: string): Promise<boolean> => {
  const box = await page.locator(selector).boundingBox();
  const size = page.viewportSize();
  if (box === null || size === null || box.width < 20 || box.height < 20) return false;
  const { x, y, width, height } = box;
  return x >= 0 && y >= 0 && x + width <= size.width && y + height <= size.height;
};

const sizes = [
  { width: 360, height: 740 },
  { width: 768, height: 1024 },
  { width: 1280, height: 800 },
];

test.each(
  sizes.flatMap((viewport) =>
    (["light", "dark"] as const).map((scheme) => [viewport, scheme] as const),
  ),
)(
  "on a screen of %j, %s, everything is there, inside and readable",
  async (viewport, colorScheme) => {
    const { url } = await chat.serve();
    const page = await chat.enter(url, "Ada", { viewport, colorScheme });
    await say(page, "a".repeat(300));
    await shows(page, "aaaa");
    const isPhone = viewport.width < 720;
    expect(await inside(page, "#open-side")).toBe(isPhone);
    if (isPhone) {
      await page.getByRole("button", { name: "Rooms and people, 1 here" }).click();
      // The drawer slides in.
      await expect.poll(() => inside(page, "#side")).toBe(true);
    }
    for (const part of ["#members", "#rename", "#rooms", "#room-name", "#my-name"]) {
      expect([part, await inside(page, part)]).toEqual([part, true]);
    }
    const name = `chat-${viewport.width}-${colorScheme}`;
    if (isPhone) {
      await page.screenshot({ path: join(artifacts, `${name}-drawer.png`) });
      await page.keyboard.press("Escape");
      await page.locator("#side").waitFor({ state: "hidden" });
    }
    for (const part of ["#text", "#send", "#state", "#room-title"]) {
      expect([part, await inside(page, part)]).toEqual([part, true]);
    }
    await page.screenshot({ path: join(artifacts, `${name}.png`) });

    const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect(wide).toBeLessThanOrEqual(0);
    const texts = [".bubble", ".byline time", "#position", "#state-text", "#send", "#room-title"];
    const side = ['.rooms [aria-current="true"]', ".members .name", "#rename", "#rooms-title"];
    for (const [selector, ratio] of await contrasts(page, [...texts, ...side])) {
      expect([selector, ratio >= 4.5]).toEqual([selector, true]);
    }
    expect(chat.complaints).toEqual([]);
  },
  120_000,
);

test("a phone's drawer is nowhere while closed, takes the keyboard while open, and gives it back", async () => {
  const { url } = await chat.serve();
  const page = await chat.enter(url, "Ada", { viewport: { width: 360, height: 740 } });
  const focused = () =>
    page.evaluate("document.activeElement?.id || document.activeElement?.textContent");
  const menu = page.locator("#open-side");
  // All that Tab reaches is in the conversation.
  await page.locator("#text").focus();
  const reached = new Set<unknown>();
  for (let n = 0; n < 12; n++) {
    await page.keyboard.press("Tab");
    reached.add(await focused());
  }
  expect(reached).toContain("open-side");
  for (const hidden of ["rename", "room-name", "close-side"]) expect(reached).not.toContain(hidden);

  await menu.focus();
  await page.keyboard.press("Enter");
  expect(await focused()).toBe("lobby");
  expect(await menu.getAttribute("aria-expanded")).toBe("true");
  for (let n = 0; n < 12; n++) {
    await page.keyboard.press("Tab");
    expect(["text", "send"]).not.toContain(await focused());
  }
  await page.keyboard.press("Escape");
  expect([await focused(), await menu.getAttribute("aria-expanded")]).toEqual([
    "open-side",
    "false",
  ]);

  await menu.click();
  await page.mouse.click(350, 400);
  expect(await menu.getAttribute("aria-expanded")).toBe("false");
  await menu.click();
  await page.getByRole("button", { name: "random" }).click();
  expect(await page.locator("#room-title").textContent()).toBe("# random");
  expect(await menu.getAttribute("aria-expanded")).toBe("false");
  expect(chat.complaints).toEqual([]);
}, 120_000);

test("with the keyboard alone one joins, talks, changes the room and the name", async () => {
  const { url } = await chat.serve();
  const page = await chat.blank();
  await page.goto(`${url}/`);
  await page.getByLabel("Your name").waitFor();
  // The field has the focus and its suggestion is selected: typing replaces it.
  await page.keyboard.type("Ada");
  await page.keyboard.press("Enter");
  await page.locator("#members li").filter({ hasText: "Ada" }).waitFor();
  await page.keyboard.type("hello");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("there");
  await page.keyboard.press("Enter");
  await shows(page, "hello\nthere");

  const tabTo = async (id: string, key: string) => {
    for (let n = 0; n < 30; n++) {
      if ((await page.evaluate("document.activeElement?.id")) === id) return;
      await page.keyboard.press(key);
    }
    throw new Error(`Tab does not reach #${id}`);
  };
  await tabTo("room-name", "Shift+Tab");
  await page.keyboard.type("quiet-corner");
  await page.keyboard.press("Enter");
  await page.locator("#room-title").filter({ hasText: "# quiet-corner" }).waitFor();

  await tabTo("rename", "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  expect(await page.locator("#my-name").textContent()).toBe("Ada");
  await page.keyboard.press("Enter");
  await page.keyboard.type("Countess");
  await page.keyboard.press("Enter");
  await page.locator("#members li").filter({ hasText: "Countess" }).waitFor();
  expect(chat.complaints).toEqual([]);
}, 120_000);

test("who only closes the question for a name gets the suggested one", async () => {
  const { url } = await chat.serve();
  const page = await chat.blank();
  await page.goto(`${url}/`);
  const suggested = await page.getByLabel("Your name").inputValue();
  await page.keyboard.press("Escape");
  await page.locator("#members li").filter({ hasText: suggested }).waitFor();
}, 120_000);
