import { join } from "node:path";
import { expect, test } from "vitest";
import { artifacts, ChatPage, connected, say, shows } from "./chat-page.js";

// The chat page as two people use it, in a real browser, with a gateway process that is killed.

const chat = new ChatPage();

test("two people see each other, see each other type, and talk", async () => {
  const { url } = await chat.serve();
  // The picture of the README is this one's screen.
  const ada = await chat.enter(url, "Ada", { viewport: { width: 960, height: 560 } });
  const grace = await chat.enter(url, "Grace");
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

  await say(ada, "Does it keep my place when the line is cut?");
  await shows(grace, "Does it keep my place");
  await say(grace, "It does: nothing is lost, and nothing comes twice.");
  await shows(ada, "nothing comes twice");
  await say(ada, "And who is late?");
  await shows(grace, "And who is late?");

  const late = await chat.enter(url, "Linus");
  await shows(late, "Does it keep my place");
  await say(late, "Reads from the start.");
  await late.getByLabel("Message", { exact: true }).pressSequentially("Hello");
  await ada.getByText("Linus is typing").waitFor();
  await ada.screenshot({ path: join(artifacts, "chat.png") });

  await say(grace, "<b>bold</b> <img src=x onerror=alert(1)>");
  await shows(ada, "<b>bold</b> <img src=x onerror=alert(1)>");
  expect(await ada.locator(".bubble img, .bubble b").count()).toBe(0);

  await late.close();
  await ada.locator("#members li").filter({ hasText: "Linus" }).waitFor({ state: "detached" });
  expect(chat.complaints).toEqual([]);
}, 120_000);

test("after SIGKILL and a new start both come back by themselves and show that they were reset", async () => {
  const first = await chat.serve();
  const ada = await chat.enter(first.url, "Ada");
  const grace = await chat.enter(first.url, "Grace");
  await say(ada, "before the crash");
  await shows(grace, "before the crash");

  await chat.kill();
  for (const page of [ada, grace]) {
    await page.locator('#state:not([data-state="open"])').waitFor();
    await page.getByText("Connection lost. What you write is kept").waitFor();
  }
  await say(ada, "written while away");
  await ada.locator(".message.pending").filter({ hasText: "written while away" }).waitFor();
  await chat.serve(first.port);

  for (const page of [ada, grace]) {
    await connected(page);
    await page.locator(".divider").filter({ hasText: "History was reset" }).waitFor();
    await page.locator("#members li").filter({ hasText: "Grace" }).waitFor();
    // The engine in memory began anew, so what it held is gone from the page as well.
    expect(await page.getByText("before the crash").count()).toBe(0);
    await page.locator("#notice").waitFor({ state: "hidden" });
  }
  await shows(ada, "written while away");
  await shows(grace, "written while away");
  await grace.screenshot({ path: join(artifacts, "chat-after-restart.png") });
  expect(chat.complaints).toEqual([]);
}, 180_000);

test("what a shell publishes is shown too, whatever it is", async () => {
  const { url } = await chat.serve();
  const ada = await chat.enter(url, "Ada");
  for (const body of [
    { channel: "chat:lobby", data: { text: "from a script" }, user: "cron" },
    { channel: "chat:lobby", data: "just a text" },
    { channel: "chat:lobby", data: { temperature: 21 } },
  ]) {
    const response = await fetch(`${url}/api/publish`, {
      method: "POST",
      headers: { authorization: "Bearer holdfast-development" },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
  }
  await shows(ada, "from a script");
  await shows(ada, "just a text");
  await shows(ada, '{"temperature":21}');
  expect(await ada.locator(".byline strong").first().textContent()).toBe("cron");
  expect(chat.complaints).toEqual([]);
}, 120_000);

test("no page of another site can show the chat inside itself", async () => {
  const { url } = await chat.serve();
  const page = await chat.blank();
  await page.setContent(`<iframe src="${url}/"></iframe>`);
  await expect.poll(() => chat.complaints.join()).toContain("frame-ancestors 'none'");
}, 120_000);
