import type { EventOf, HistoryEvent } from "../history.js";
import type { IndexedHistory } from "../indexed-history.js";
import { defineInvariant } from "../invariant.js";

/** After a withdrawal nothing newer reaches the client, however slow its link. */
export const revocationBound = defineInvariant(
  "revocation-bound",
  "Nothing appended later than the bound after a permission was withdrawn is delivered to that client.",
  (history, report) => {
    const withdrawn = new Withdrawals();
    for (const event of history.events) {
      withdrawn.observe(event);
      if (event.kind !== "delivered" && event.kind !== "ephemeral") continue;
      const since = withdrawn.of(event.client, event.channel);
      if (since === undefined) continue;
      const born = birth(history, event);
      if (born === undefined || born.atMs <= since.atMs + history.bounds.revocationMs) continue;
      report(
        `${event.client} was handed ${event.token} on ${event.channel}, which came to be ${born.atMs - since.atMs} ms after its permission was withdrawn`,
        since,
        born,
        event,
      );
    }
  },
);

class Withdrawals {
  readonly #open = new Map<string, EventOf<"revoked" | "granted">>();

  observe(event: HistoryEvent): void {
    if (event.kind === "revoked") {
      const place = placeOf(event.client, event.channel);
      if (!this.#open.has(place)) this.#open.set(place, event);
    } else if (event.kind === "granted") {
      this.#open.delete(placeOf(event.client, event.channel));
    }
  }

  of(client: string, channel: string): HistoryEvent | undefined {
    if (this.#open.size === 0) return undefined;
    return this.#open.get(placeOf(client, channel)) ?? this.#open.get(placeOf(client, undefined));
  }
}

function placeOf(client: string, channel: string | undefined): string {
  return channel === undefined ? client : `${client}\n${channel}`;
}

/** When the entry came to be: its append, or where that is not recorded the earliest publish of it. */
function birth(
  history: IndexedHistory,
  event: EventOf<"delivered" | "ephemeral">,
): HistoryEvent | undefined {
  if (event.kind === "delivered") {
    const appended = history.channel(event.channel).appendAt(event.epoch, event.offset);
    if (appended !== undefined) return appended;
  }
  return history.operations.ofToken(event.channel, event.token)[0]?.invoked;
}
