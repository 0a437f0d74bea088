// One room: its messages, who is in it and who types, over one channel.
import { nameOf, textOf } from "./people.js";
import { TypingSignal, Typists } from "./typing.js";

/** @typedef {{id: string, from: string, name: string, text: string, timeMs: number, mine: boolean}} Message */

/** What somebody published who is no chat page, such as a shell. @param {unknown} data */
const plainText = (data) => (typeof data === "string" ? data : JSON.stringify(data));

export class Room {
  name;
  #channel;
  #view;
  #me;
  #closing = new AbortController();
  #typists;
  #typing;
  /** @type {() => void} */
  #stopWatching = () => {};

  /**
   * @param {any} client what connect() of /client.js returned
   * @param {string} name
   * @param {{id: string, name: string}} me
   * @param {import("./view.js").View} view
   */
  constructor(client, name, me, view) {
    this.name = name;
    this.#channel = client.channel(`chat:${name}`);
    this.#me = me;
    this.#view = view;
    this.#typists = new Typists((names) => view.showTyping(names));
    this.#typing = new TypingSignal((typing) => this.#sayTyping(typing));
  }

  /** Begins with the last messages, then everything new; outlives any number of connections. */
  async open() {
    this.#stopWatching = this.#channel.presence.on("change", (event) => this.#showMembers(event));
    void this.#channel.presence.enter({ name: this.#me.name });
    const subscription = await this.#channel.subscribe({
      last: 100,
      signal: this.#closing.signal,
      onPublication: (publication) => this.#receive(publication),
      onEphemeral: (publication) => this.#hearTyping(publication),
      onReset: ({ reason, position }) => this.#startOver(reason, position),
    });
    subscription.on("subscribed", ({ resumed, position }) => {
      if (resumed) this.#view.showResumed();
      this.#view.showPosition(position);
    });
    subscription.on("end", ({ error }) => {
      if (error !== undefined) this.#view.showNotice(`This room has ended: ${error.message}`);
    });
    this.#view.showPosition(subscription.position);
    this.#view.showEmptyIfSo();
  }

  close() {
    this.#typing.input(false);
    this.#typists.clear();
    this.#stopWatching();
    this.#closing.abort();
    void this.#channel.presence.leave();
  }

  /** @param {string} name */
  rename(name) {
    this.#me.name = name;
    void this.#channel.presence.enter({ name });
  }

  /** @param {boolean} hasText */
  typed(hasText) {
    this.#typing.input(hasText);
  }

  /** Shows the message at once; it counts as sent when it comes back in the room's order. @param {string} text */
  async say(text) {
    const { id: from, name } = this.#me;
    const data = { id: crypto.randomUUID(), from, name, text };
    this.#typing.input(false);
    this.#view.addPending({ ...data, timeMs: Date.now(), mine: true });
    const sent = await this.#channel.publish(data);
    if (!sent.ok) this.#view.showFailed(data.id, sent.message);
  }

  #receive({ data, timeMs, position, user }) {
    const { id, from, name = user, text = plainText(data) } = data ?? {};
    const message = {
      id: textOf(id, 64),
      from: textOf(from, 64),
      name: nameOf({ name }),
      text: textOf(text, 4000),
      timeMs,
      mine: from === this.#me.id,
    };
    this.#typists.remove(message.from);
    this.#view.addMessage(message);
    this.#view.showPosition(position);
  }

  #startOver(reason, position) {
    this.#view.startOver(reason);
    this.#view.showPosition(position);
  }

  #hearTyping({ key, data }) {
    const from = textOf(key, 128);
    if (from === "" || from === this.#me.id) return;
    if (data?.typing === true) this.#typists.add(from, nameOf(data));
    else this.#typists.remove(from);
  }

  #sayTyping(typing) {
    const { id, name } = this.#me;
    void this.#channel.publish({ typing, name }, { ephemeral: true, key: id });
  }

  #showMembers({ members, count }) {
    this.#view.showMembers(
      members.map(({ id, data }) => ({ id, name: nameOf(data) })),
      count,
    );
  }
}
