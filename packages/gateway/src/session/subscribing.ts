import { type Failure, failure, type Subscribe } from "@holdfast/protocol";
import { idOf, type Peer } from "./peer.js";

/** Carries a `subscribe` out; the channel's lane is released once it was answered. */
export function subscribe(peer: Peer, command: Subscribe, release: () => void): void {
  const { shared, subscriptions } = peer;
  const { channel } = command;
  const policy = shared.policyOf(channel);
  const refuse = (why: Failure): void => {
    peer.refuse(command, why);
    release();
  };
  if (policy === undefined) {
    refuse(peer.authorizer.unknownChannel("subscribe", channel));
    return;
  }
  if (subscriptions.has(channel)) {
    refuse(failure("already_subscribed"));
    return;
  }
  peer.authorizer.check("subscribe", channel, (denied) => {
    if (peer.ended) return;
    // Judged here and not on arrival: other channels' subscribes may have been waiting too.
    const isFull = subscriptions.size >= shared.settings.maxSubscriptionsPerConnection;
    if (denied !== undefined) refuse(denied);
    else if (isFull)
      refuse(failure("limit_exceeded", "The connection has too many subscriptions."));
    else {
      // Registered before it begins: what it sends may end the session, which ends what is registered.
      const subscription = shared.hub.open(channel, policy, peer.outbox);
      subscriptions.add(subscription);
      subscription.asker = {
        refuse,
        // Ended from outside it is never answered; the lane must not wait for that.
        ended: () => {
          peer.answered(command);
          release();
        },
      };
      shared.metrics.subscriptions(1);
      shared.hub.begin(subscription, command, (failed) => {
        // Kept for as long as the subscription it would keep the whole command.
        subscription.asker = undefined;
        if (failed === undefined) {
          peer.answered(command);
          release();
        } else {
          endSubscription(peer, channel);
          refuse(failed);
        }
      });
    }
  });
}

/** Ends the subscription to a channel; false where there is none. */
export function endSubscription(peer: Peer, channel: string): boolean {
  const subscription = peer.subscriptions.get(channel);
  if (subscription === undefined) return false;
  peer.subscriptions.delete(channel);
  peer.shared.metrics.subscriptions(-1);
  subscription.end();
  return true;
}

/** Carries an `unsubscribe` out. */
export function unsubscribe(
  peer: Peer,
  command: { readonly id?: number; readonly channel: string },
): void {
  const { channel } = command;
  if (endSubscription(peer, channel)) {
    peer.send({ type: "unsubscribed", ...idOf(command), channel });
  } else {
    peer.refuse(command, failure("not_subscribed"));
  }
}
