import type { EventOf, HistoryEvent } from "../history.js";
import type { IndexedHistory } from "../indexed-history.js";
import { defineInvariant, type Report } from "../invariant.js";

/** What a read or subscribe showed, and when it was begun. */
interface Look {
  readonly channel: string;
  readonly client: string;
  readonly begun: HistoryEvent;
  readonly shown: HistoryEvent;
  readonly epoch: string;
  readonly top: number;
}

/** No stale replicas: what begins after an acknowledgement shows at least that entry. */
export const readYourAck = defineInvariant(
  "read-your-ack",
  "A read or subscribe begun after the acknowledgement of n shows at least n, or another epoch.",
  (history, report) => {
    const acknowledged = acknowledgements(history);
    for (const look of looks(history)) {
      const ofChannel = acknowledged.get(look.channel);
      if (ofChannel !== undefined) checkLook(history, look, ofChannel, report);
    }
  },
);

/** Per channel and epoch: the acknowledgements that raised the highest offset, in order. */
type Acknowledged = Map<string, EventOf<"published">[]>;

function acknowledgements(history: IndexedHistory): Map<string, Acknowledged> {
  const channels = new Map<string, Acknowledged>();
  for (const event of history.events) {
    if (event.kind !== "published" || event.outcome !== "ok") continue;
    const { channel, epoch, offset } = event;
    if (epoch === undefined || offset === undefined) continue;
    const ofChannel: Acknowledged = channels.get(channel) ?? new Map();
    channels.set(channel, ofChannel);
    const rising = ofChannel.get(epoch) ?? [];
    ofChannel.set(epoch, rising);
    if (offset > (rising.at(-1)?.offset ?? -1)) rising.push(event);
  }
  return channels;
}

function* looks(history: IndexedHistory): Iterable<Look> {
  for (const { invoked, settled } of history.operations.reads.values()) {
    if (settled?.outcome !== "ok" || settled.epoch === undefined) continue;
    const { channel, client } = invoked;
    const top = settled.top ?? 0;
    yield { channel, client, begun: invoked, shown: settled, epoch: settled.epoch, top };
  }
  for (const track of history.subscriptions) {
    for (const { asked, event } of track.answers) {
      if (event.position === undefined || event.top === undefined) continue;
      const { channel, client } = track;
      const { epoch } = event.position;
      yield { channel, client, begun: asked, shown: event, epoch, top: event.top };
    }
  }
}

function checkLook(
  history: IndexedHistory,
  look: Look,
  acknowledged: Acknowledged,
  report: Report,
): void {
  const newest = lastBefore(acknowledged.get(look.epoch), look.begun.seq);
  const says = `${look.client} looked at ${look.channel} and was shown offset ${look.top} (epoch ${look.epoch})`;
  if (newest !== undefined && (newest.offset ?? 0) > look.top) {
    report(
      `${says}, although offset ${newest.offset} had been acknowledged before`,
      newest,
      look.begun,
      look.shown,
    );
    return;
  }
  const facts = history.channel(look.channel);
  const shown = facts.epochs.get(look.epoch);
  for (const [epoch, rising] of acknowledged) {
    const other = facts.epochs.get(epoch);
    const ack = lastBefore(rising, look.begun.seq);
    if (other === undefined || shown === undefined || ack === undefined) continue;
    if (other.begun !== undefined && other.index > shown.index) {
      report(
        `${says}, although epoch ${epoch} had begun and acknowledged before`,
        ack,
        look.begun,
        look.shown,
      );
      return;
    }
  }
}

function lastBefore(
  rising: readonly EventOf<"published">[] | undefined,
  seq: number,
): EventOf<"published"> | undefined {
  if (rising === undefined) return undefined;
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rising[middle]?.seq ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return rising[low - 1];
}
