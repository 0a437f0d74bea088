import { connect } from "@holdfast/client";
import type { gateway } from "./server.js";

/** What the page does with what it is told. */
export interface Page {
  fetchToken(signal: AbortSignal): Promise<string>;
  render(text: string, user: string | undefined, offset: number): void;
  renderMembers(count: number): void;
  reload(reason: string): void;
  toast(text: string): void;
}

export async function lobby(url: string, page: Page, signal: AbortSignal): Promise<void> {
  const client = connect<typeof gateway>(url, {
    getToken: ({ signal }) => page.fetchToken(signal),
  });
  client.on("state", ({ now, attempt }) => page.toast(`${now} (${attempt})`));

  const channel = client.channel("chat:lobby"); // no I/O yet
  channel.presence.on("change", ({ count }) => page.renderMembers(count));
  await channel.presence.enter({ name: client.user });

  const renamed = await client.call("chat.rename", { room: "lobby", to: "Tea room" });
  if (renamed.ok) page.toast(renamed.data.title);

  const sent = await channel.publish({ text: "hi" }); // a result, not a throw
  if (!sent.ok && sent.retryable) page.toast(sent.message);

  await using subscription = await channel.subscribe({ last: 50, signal });
  subscription.on("reset", ({ reason }) => page.reload(reason));
  for await (const { data, user, offset } of subscription) page.render(data.text, user, offset);
  client.close();
}
