// The page: what is shown and what was clicked. Texts of others only ever become text nodes.
import { hueOf, initialsOf } from "./people.js";

/** @param {string} id @returns {any} */
const element = (id) => document.getElementById(id);

const maxShownMessages = 500;
const groupWithinMs = 5 * 60_000;
const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });

/** Why a room begins anew, for people. */
const resetTexts = {
  epoch_changed: "the gateway began anew, and what was here is gone.",
  state_lost: "the gateway began anew, and what was here is gone.",
  history_trimmed: "this page was away for longer than the room remembers.",
  position_ahead: "the gateway lost the newest messages of the room.",
  witness_mismatch: "the gateway holds other messages than this page had seen.",
  replay_exhausted: "this page could not catch up.",
};

/** @param {string} tag @param {string} className @param {string} [text] */
function make(tag, className, text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

/** @param {HTMLElement} node @param {string} name */
function paintAvatar(node, name) {
  node.textContent = initialsOf(name);
  node.style.setProperty("--hue", String(hueOf(name)));
  return node;
}

export class View {
  #messages = element("messages");
  #scroll = element("scroll");
  #countdown = 0;
  #noticeTimer = 0;

  /** @param {string} name @param {readonly string[]} rooms @param {(name: string) => void} onChoose */
  showRooms(name, rooms, onChoose) {
    element("room-title").textContent = `# ${name}`;
    document.title = `#${name} · Holdfast chat`;
    const items = rooms.map((room) => {
      const button = make("button", "", room);
      button.setAttribute("type", "button");
      if (room === name) button.setAttribute("aria-current", "true");
      button.addEventListener("click", () => onChoose(room));
      const item = make("li", "");
      item.append(button);
      return item;
    });
    element("rooms").replaceChildren(...items);
  }

  /** @param {string} name */
  showMe(name) {
    element("my-name").textContent = name;
    paintAvatar(element("my-avatar"), name);
  }

  /** @param {readonly {id: string, name: string}[]} members @param {number} count @param {string} [myId] */
  showMembers(members, count, myId = this.myMemberId) {
    this.#showCount(count);
    const items = members.map(({ id, name }) => {
      const item = make("li", "");
      const label = make("span", "name", name);
      if (id === myId) label.append(make("small", "", " (you)"));
      item.append(paintAvatar(make("span", "avatar"), name), label);
      item.title = name;
      item.querySelector(".avatar")?.setAttribute("aria-hidden", "true");
      return item;
    });
    element("members").replaceChildren(...items);
  }

  /** @param {number} count */
  #showCount(count) {
    element("count").textContent = String(count);
    element("count-here").textContent = String(count);
    element("open-side").setAttribute("aria-label", `Rooms and people, ${count} here`);
  }

  /** Public id of this page's own session, as presence shows it. */
  myMemberId = "";

  /** @param {readonly string[]} names */
  showTyping(names) {
    const line = element("typing");
    line.classList.toggle("active", names.length > 0);
    if (names.length === 0) line.textContent = "";
    else if (names.length === 1) line.textContent = `${names[0]} is typing`;
    else if (names.length === 2) line.textContent = `${names[0]} and ${names[1]} are typing`;
    else line.textContent = `${names.length} people are typing`;
  }

  /** @param {import("./room.js").Message} message */
  addMessage(message) {
    this.#removePending(message.id);
    this.#keepingBottom(() => this.#messages.append(this.#messageNode(message)));
    while (this.#messages.childElementCount > maxShownMessages) this.#messages.firstChild.remove();
    element("empty").hidden = true;
  }

  /** @param {import("./room.js").Message} message */
  addPending(message) {
    const node = this.#messageNode(message);
    node.classList.add("pending");
    this.#messages.append(node);
    element("empty").hidden = true;
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  /** @param {string} id @param {string} reason */
  showFailed(id, reason) {
    const node = this.#messages.querySelector(`[data-id="${CSS.escape(id)}"]`);
    if (node === null) return;
    node.classList.replace("pending", "failed");
    node.append(make("span", "fault", `Not sent: ${reason}`));
  }

  clear() {
    this.#messages.replaceChildren();
    element("empty").hidden = true;
    element("members").replaceChildren();
    this.#showCount(0);
    this.showPosition(undefined);
    this.showTyping([]);
  }

  showEmptyIfSo() {
    element("empty").hidden = this.#messages.childElementCount > 0;
  }

  /** Everything shown of the room is replaced, and the page says so. @param {string} reason */
  startOver(reason) {
    const pending = [...this.#messages.querySelectorAll(".pending")];
    const divider = make("li", "divider");
    divider.append(
      make("span", "", `History was reset: ${resetTexts[reason] ?? "it cannot be continued."}`),
    );
    divider.title = `${reason}: the gateway could not continue where this page was, and says so.`;
    this.#messages.replaceChildren(divider, ...pending);
    element("empty").hidden = true;
  }

  showResumed() {
    this.showNotice("Back online: nothing was missed.", 4000);
  }

  /** @param {{epoch: string, offset: number} | undefined} position */
  showPosition(position) {
    element("position").textContent =
      position === undefined
        ? ""
        : `offset ${position.offset} · epoch ${position.epoch.slice(0, 8)}`;
  }

  /** @param {string} text @param {number} [forMs] */
  showNotice(text, forMs) {
    clearTimeout(this.#noticeTimer);
    element("notice").textContent = text;
    element("notice").hidden = text === "";
    if (forMs !== undefined) this.#noticeTimer = setTimeout(() => this.showNotice(""), forMs);
  }

  /** @param {string} state @param {string} text @param {number} [nextTryMs] */
  showState(state, text, nextTryMs) {
    clearInterval(this.#countdown);
    element("state").dataset.state = state;
    element("app").dataset.state = state;
    element("state-text").textContent = text;
    if (nextTryMs === undefined) return;
    const untilMs = performance.now() + nextTryMs;
    const tick = () => {
      const seconds = Math.max(0, Math.ceil((untilMs - performance.now()) / 1000));
      element("state-text").textContent = `${text} in ${seconds} s`;
    };
    tick();
    this.#countdown = setInterval(tick, 250);
  }

  /** @param {import("./room.js").Message} message */
  #messageNode({ id, from, name, text, timeMs, mine }) {
    const node = make("li", mine ? "message mine" : "message");
    Object.assign(node.dataset, { id, from, name, timeMs });
    const before = this.#messages.lastElementChild?.dataset;
    const follows = before?.from === from && before.name === name;
    if (follows && timeMs - Number(before.timeMs) < groupWithinMs) node.classList.add("follows");
    const byline = make("div", "byline");
    const time = make("time", "", clock.format(timeMs));
    time.setAttribute("datetime", new Date(timeMs).toISOString());
    byline.append(make("strong", "", name), time);
    const avatar = paintAvatar(make("span", "avatar"), name);
    avatar.setAttribute("aria-hidden", "true");
    node.append(avatar, byline, make("div", "bubble", text));
    return node;
  }

  /** @param {string} id */
  #removePending(id) {
    this.#messages.querySelector(`.pending[data-id="${CSS.escape(id)}"]`)?.remove();
  }

  /** @param {() => void} change */
  #keepingBottom(change) {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    const wasAtBottom = scrollHeight - scrollTop - clientHeight < 80;
    change();
    if (wasAtBottom) this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }
}
