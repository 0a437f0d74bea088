import { inTime } from "@holdfast/broker/internal";
import type { Timer } from "@holdfast/core";
import type { Msg } from "@nats-io/transport-node";
import type { Commands } from "./commands.js";
import type { Idle } from "./idle.js";
import { type Parts, storeAt } from "./parts.js";
import type { StreamStore } from "./servers/store.js";

const beatsPerSweep = 24;

/**
 * What a link looks after all the time: that what it sends itself comes back, that its streams are
 * still what they were, and the commands told to all.
 */
export class Watch {
  readonly #parts: Parts;
  readonly #link: string;
  readonly #commands: Commands;
  readonly #idle: Idle;
  readonly #waiting = new Set<() => void>();
  /** Streams whose echoes have come back, by number. */
  readonly #echoes = new Map<number, () => void>();
  #timer: Timer | undefined;
  #beats = 0;
  #closed = false;

  constructor(parts: Parts, link: string, commands: Commands, idle: Idle) {
    this.#parts = parts;
    this.#link = link;
    this.#commands = commands;
    this.#idle = idle;
  }

  /** Settles once it listens. */
  async open(): Promise<void> {
    const { relay, subjects, limits, listener, logger, gateway, stores } = this.#parts;
    relay.hear(subjects.heartbeat(this.#link), () => {
      for (const come of [...this.#waiting]) come();
    });
    relay.hear(subjects.commandRelay, (message) => {
      try {
        listener.onCommand(this.#commands.hear(message.string()));
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        logger.error("relay message failed", { gateway, message: text });
      }
    });
    this.#commands.open();
    for (const store of stores) {
      const { told } = subjects.echo(store.stream, this.#link);
      relay.hear(told, () => this.#echoes.get(store.stream)?.());
      const lookAfter = ({ reply }: Msg) => void this.#lookAfter(store, reply);
      relay.hear(subjects.lookAfter(store.stream), lookAfter, "one");
    }
    // Should it take longer: what is missed meanwhile is read again every second.
    await relay.flushed(limits.commandTimeoutMs);
    this.#later();
  }

  /** Settles when everything stored or sent before has come by the relay. */
  async settle(): Promise<void> {
    const { stores, subjects, relay, limits, commands } = this.#parts;
    await relay.whenAvailable();
    await commands.flushed(limits.commandTimeoutMs);
    await Promise.all(
      stores.map(async (store) => {
        const come = new Promise<void>((resolve) => this.#echoes.set(store.stream, resolve));
        const { stored } = subjects.echo(store.stream, this.#link);
        await store.put(stored, "", { replaces: true });
        await come;
      }),
    );
    await relay.flushed(limits.commandTimeoutMs);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** Looks after a stream for a link that begins and does not know it. */
  async #lookAfter(store: StreamStore, reply: string | undefined): Promise<void> {
    try {
      await store.renew();
      if (reply !== undefined) this.#parts.commands.tell(reply, "");
    } catch {
      // It is told by silence.
    }
  }

  #later(): void {
    const { clock, limits } = this.#parts;
    this.#timer = clock.after(limits.heartbeatIntervalMs, () => {
      this.#beat()
        .catch(() => {
          // Unreachable; it is looked after when it is back.
        })
        .finally(() => {
          if (!this.#closed) this.#later();
        });
    });
  }

  async #beat(): Promise<void> {
    const { commands, relay, limits } = this.#parts;
    if (!commands.available) return;
    this.#beats += 1;
    if (relay.available && !(await this.#comesBack())) {
      if (commands.available && !this.#closed) relay.renew("what is told does not come");
    }
    for (const { stream } of this.#parts.stores) await storeAt(this.#parts, stream).renew();
    if (this.#beats % beatsPerSweep !== 0) return;
    if (limits.maxCommands > 0) await this.#commands.sweep();
    // It takes its time, and the next beat must not wait for it.
    void this.#idle.sweep();
  }

  /** Whether the relay's connection carries what is sent by the other one, in time. */
  async #comesBack(): Promise<boolean> {
    const { clock, limits, commands, subjects } = this.#parts;
    let come = () => {};
    const back = new Promise<void>((resolve) => {
      come = resolve;
    });
    this.#waiting.add(come);
    try {
      commands.tell(subjects.heartbeat(this.#link), "");
      return await inTime(clock, limits.heartbeatTimeoutMs, back);
    } finally {
      this.#waiting.delete(come);
    }
  }
}
