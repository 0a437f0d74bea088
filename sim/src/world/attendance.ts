import type { Client } from "@holdfast/client/internal";
import type { HistoryFact } from "@holdfast/probe";
import type { AnyContract } from "@holdfast/protocol";
import type { Coverage } from "./coverage.js";

/** What presence of one application is made of. */
export interface AttendanceDeps {
  readonly name: string;
  readonly client: Client<AnyContract>;
  readonly coverage: Coverage;
  readonly record: (fact: HistoryFact) => void;
}

/** Who a watched channel shows, as of the newest event. */
interface Shown {
  readonly members: readonly { readonly id: string }[];
  readonly count: number;
  readonly countOnly: boolean;
}

/** Where one application is present, and whose presence it watches. */
export class Attendance {
  readonly #deps: AttendanceDeps;
  readonly #present = new Set<string>();
  readonly #leftAt = new Map<string, number>();
  readonly #shown = new Map<string, Shown>();
  #wishes = 0;

  constructor(deps: AttendanceDeps) {
    this.#deps = deps;
  }

  async enter(channel: string, data: number): Promise<void> {
    const { client, name, record } = this.#deps;
    this.#wishes += 1;
    const wish = this.#wishes;
    const entered = await client.channel(channel).presence.enter({ data });
    const { member } = client;
    if (!entered.ok || member === undefined || this.#present.has(channel)) return;
    // Who has left since then is not there, whenever the answer came.
    if ((this.#leftAt.get(channel) ?? 0) > wish) return;
    this.#present.add(channel);
    record({ kind: "entered", client: name, channel, member });
  }

  leave(channel: string): void {
    const { client, name, record } = this.#deps;
    const { member } = client;
    if (member === undefined || !this.#present.delete(channel)) return;
    this.#wishes += 1;
    this.#leftAt.set(channel, this.#wishes);
    record({ kind: "left", client: name, channel, member });
    void client.channel(channel).presence.leave();
  }

  /** Watches from now on. */
  watch(channel: string): void {
    const { client, coverage } = this.#deps;
    client.channel(channel).presence.on("change", ({ members, count, countOnly }) => {
      coverage.hit(countOnly ? "presence-counted" : "presence-shown");
      this.#shown.set(channel, { members, count, countOnly });
    });
  }

  /** Records whom the watched channels show at rest. */
  conclude(): void {
    const { client, name, record } = this.#deps;
    if (client.state.now !== "open") return;
    for (const [channel, { members, count, countOnly }] of this.#shown) {
      const view = { observer: name, channel, count, countOnly, quiet: true };
      record({ kind: "presenceView", ...view, members: members.map(({ id }) => id) });
    }
  }
}
