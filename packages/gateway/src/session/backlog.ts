import type { UpMessage } from "@holdfast/protocol";

/** Commands that came before the session was open, in order, bounded in number and bytes. */
export class Backlog {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #commands: UpMessage[] = [];
  #bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  /** Keeps a command; false: there is no room. `bytes` counts the frame with its first command. */
  add(command: UpMessage, bytes: number): boolean {
    if (this.#commands.length >= this.#maxMessages) return false;
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#commands.push(command);
    this.#bytes += bytes;
    return true;
  }

  /** Takes everything out. */
  take(): readonly UpMessage[] {
    const commands = this.#commands;
    this.#commands = [];
    this.#bytes = 0;
    return commands;
  }
}
