import type { Random } from "@holdfast/core";
import type { Child } from "./child.js";

/** What becomes of a gateway's process. */
export type GatewayState = "starting" | "up" | "stopped" | "draining" | "down";

interface Slot {
  readonly name: string;
  state: GatewayState;
  child: Child | undefined;
}

/** Attempts to start a gateway again before the run is given up. */
const maxStarts = 5;
/** Patience for a draining gateway to end. */
const drainMs = 15_000;

/** A fixed number of gateway processes, of which single ones are killed, stopped, drained and started again. */
export class Fleet {
  /** What no client sees: gateways that ended by themselves or would not start. */
  readonly findings: string[] = [];
  readonly #slots: readonly Slot[];
  readonly #start: (name: string) => Promise<Child>;
  #closing = false;

  constructor(count: number, start: (name: string) => Promise<Child>) {
    this.#start = start;
    this.#slots = Array.from({ length: count }, (_, index) => {
      return { name: `gateway-${index + 1}`, state: "down", child: undefined };
    });
  }

  /** Starts all of them; rejects when one does not start. */
  async open(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => this.#begin(slot)));
  }

  /** The port of some gateway. A load balancer does not know that one is stopped. */
  pick(random: Random): number | undefined {
    const open = this.#slots.filter(({ state }) => state === "up" || state === "stopped");
    return open[Math.floor(random.next() * open.length)]?.child?.port;
  }

  /** Names of the gateways that serve now. */
  get up(): readonly string[] {
    return this.#slots.filter(({ state }) => state === "up").map(({ name }) => name);
  }

  get size(): number {
    return this.#slots.length;
  }

  /** Ends one without a warning. */
  async kill(name: string): Promise<void> {
    const { slot, child } = this.#find(name);
    slot.state = "down";
    await child?.kill();
  }

  /** Freezes one; it keeps its sockets and answers nobody. */
  stop(name: string): void {
    const { slot, child } = this.#find(name);
    slot.state = "stopped";
    child?.signal("SIGSTOP");
  }

  continue(name: string): void {
    const { slot, child } = this.#find(name);
    child?.signal("SIGCONT");
    slot.state = "up";
  }

  /** Asks one to leave in good order and waits until it has. */
  async drain(name: string): Promise<void> {
    const { slot, child } = this.#find(name);
    if (child === undefined) return;
    slot.state = "draining";
    child.signal("SIGTERM");
    const late = setTimeout(() => {
      this.findings.push(`${name} did not end within ${drainMs} ms of SIGTERM.`);
      child.signal("SIGKILL");
    }, drainMs);
    await child.exited;
    clearTimeout(late);
    slot.state = "down";
  }

  /** Starts one again that has ended. */
  async restart(name: string): Promise<void> {
    await this.#begin(this.#find(name).slot);
  }

  /** Kills all of them and waits until they are gone. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#slots.map(({ child }) => child?.kill()));
  }

  async #begin(slot: Slot): Promise<void> {
    for (let attempt = 1; !this.#closing; attempt += 1) {
      slot.state = "starting";
      try {
        const child = await this.#start(slot.name);
        slot.child = child;
        slot.state = "up";
        void child.exited.then(() => this.#ended(slot, child));
        if (this.#closing) await child.kill();
        return;
      } catch (cause) {
        slot.state = "down";
        if (attempt >= maxStarts || this.#closing) throw cause;
      }
    }
  }

  #ended(slot: Slot, child: Child): void {
    if (slot.child === child) slot.child = undefined;
    if (this.#closing || (slot.state !== "up" && slot.state !== "stopped")) return;
    slot.state = "down";
    this.findings.push(`${slot.name} ended by itself. ${child.errors}`.trim());
  }

  #find(name: string): { slot: Slot; child: Child | undefined } {
    const slot = this.#slots.find((each) => each.name === name);
    if (slot === undefined) throw new RangeError(`no gateway ${name}`);
    return { slot, child: slot.child };
  }
}
