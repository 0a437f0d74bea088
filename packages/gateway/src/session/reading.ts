import { type HistoryPage, isFailure } from "@holdfast/broker";
import { type Failure, failure, type UpMessage } from "@holdfast/protocol";
import { publicationOf } from "../hub/encoded.js";
import { idOf, type Peer } from "./peer.js";

type History = Extract<UpMessage, { type: "history" }>;

/** Publications of a `history` that says no limit. */
const DEFAULT_LIMIT = 100;
/** Asked for after any offset there can be, a page holds nothing but the channel's newest position. */
const PAST_EVERYTHING = Number.MAX_SAFE_INTEGER;

/** Carries a `history` out. */
export function readHistory(peer: Peer, command: History, release: () => void): void {
  const { channel } = command;
  const refuse = (why: Failure): void => {
    if (!peer.ended) peer.refuse(command, why);
    release();
  };
  const policy = peer.shared.policyOf(channel);
  if (policy === undefined) {
    refuse(peer.authorizer.unknownChannel("history", channel));
    return;
  }
  peer.authorizer.check("history", channel, (denied) => {
    if (denied !== undefined) {
      refuse(denied);
      return;
    }
    // Only those who may read learn what there is to read.
    if (!policy.retains) {
      refuse(failure("no_history"));
      return;
    }
    const { turns } = peer.shared.hub.context;
    if (!turns.admit()) {
      refuse(failure("busy", "Too many reads at once.", { retryAfterMs: 1_000 }));
      return;
    }
    read(peer, command, (page) => {
      turns.leave();
      if (isFailure(page)) refuse(page);
      else {
        answer(peer, command, page);
        release();
      }
    });
  });
}

function read(peer: Peer, command: History, done: (page: HistoryPage | Failure) => void): void {
  const { hub, settings } = peer.shared;
  const limit = Math.min(command.limit ?? DEFAULT_LIMIT, settings.maxOutboundMessages);
  const maxBytes = Math.min(settings.replayPageBytes, settings.maxOutboundBytes / 2);
  const readAfter = (after: number, then: (page: HistoryPage | Failure) => void): void => {
    const query = { channel: command.channel, after, maxCount: limit, maxBytes };
    hub.context.reads.read(query, { wanted: () => true, done: then });
  };
  if (command.after !== undefined) {
    readAfter(command.after, done);
    return;
  }
  readAfter(PAST_EVERYTHING, (page) => {
    if (isFailure(page)) done(page);
    else readAfter(Math.max(0, page.top - limit), done);
  });
}

function answer(peer: Peer, command: History, page: HistoryPage): void {
  if (peer.ended) return;
  const { channel } = command;
  peer.send({
    type: "history",
    ...idOf(command),
    channel,
    epoch: page.epoch,
    top: page.top,
    first: page.first,
    publications: page.entries.map((entry) => publicationOf(channel, entry)),
  });
}
