import type { ClientState } from "@holdfast/client";
import { closeCodes } from "@holdfast/protocol";
import { explainUnopened, reachAdvice } from "./reaching.js";

/** What the notes are written with. */
export interface ConnectionNotesOptions {
  readonly http: string;
  readonly webSocket: string;
  readonly note: (line: string) => void;
}

/** Tells on standard error how a client's connection fares, one plain sentence at a time. */
export class ConnectionNotes {
  readonly #options: ConnectionNotesOptions;
  #state: ClientState["now"] = "idle";
  #hasOpened = false;
  #hasAdvised = false;

  constructor(options: ConnectionNotesOptions) {
    this.#options = options;
  }

  /** Takes each state of the client. */
  async take({ now, reason = "", nextTryMs = 0 }: ClientState): Promise<void> {
    const wasOpen = this.#state === "open";
    this.#state = now;
    if (now === "open") this.#hasOpened = true;
    if (now !== "waiting") return;
    const { http, webSocket, note } = this.#options;
    const again = `trying again in ${Math.max(1, Math.ceil(nextTryMs / 1_000))} s`;
    if (wasOpen) {
      note(`Connection lost${meaningOf(reason)}; ${again}.`);
      return;
    }
    const isRefused = reason !== "close_1006" && reason !== "";
    const why = isRefused
      ? `Not connected${meaningOf(reason)}.`
      : await explainUnopened(http, webSocket);
    // Looking took a while; a connection that came meanwhile needs no explanation.
    if (this.#state === "open" || this.#state === "closed") return;
    note(`${why} ${again[0]?.toUpperCase()}${again.slice(1)}.`);
    if (!this.#hasOpened && !this.#hasAdvised) note(reachAdvice);
    this.#hasAdvised = true;
  }
}

function meaningOf(reason: string): string {
  const known = Object.values(closeCodes).find(({ name }) => name === reason);
  if (known !== undefined) return ` (${known.name}: ${known.meaning.replace(/[;.].*$/, "")})`;
  return reason === "" || reason === "close_1006" ? "" : ` (${reason})`;
}
