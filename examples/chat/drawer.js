// Rooms and people on a narrow screen: a drawer over the conversation, opened by a button.

/** @param {string} id @returns {any} */
const element = (id) => document.getElementById(id);

/** Below this width the side is a drawer; phone.css says the same. */
const narrow = matchMedia("(max-width: 720px)");

export class Drawer {
  #app = element("app");
  #button = element("open-side");
  #room = element("room");

  constructor() {
    this.#button.addEventListener("click", () => this.open());
    element("close-side").addEventListener("click", () => this.close());
    // The shade is the app's own: a click on it is a click beside the drawer.
    this.#app.addEventListener("click", (event) => {
      if (event.target === this.#app) this.close();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) this.close();
    });
    narrow.addEventListener("change", () => this.close());
  }

  get isOpen() {
    return this.#app.classList.contains("open");
  }

  open() {
    this.#show(true);
    const side = element("side");
    (side.querySelector('[aria-current="true"]') ?? side.querySelector("button")).focus();
  }

  /** Gives the conversation back, and the focus to the button that opened it. */
  close() {
    if (!this.isOpen) return;
    this.#show(false);
    if (narrow.matches) this.#button.focus();
  }

  /** @param {boolean} isOpen */
  #show(isOpen) {
    this.#app.classList.toggle("open", isOpen);
    this.#button.setAttribute("aria-expanded", String(isOpen));
    // What is under the shade is not to be reached by Tab.
    this.#room.inert = isOpen;
  }
}
