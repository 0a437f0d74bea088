import { isFailure, type PublishOutcome, type PublishRequest } from "@holdfast/broker";
import { ask } from "./ask.js";
import type { ChannelPolicy } from "./channel-policy.js";
import type { HubContext } from "./context.js";
import type { HubChannel } from "./hub-channel.js";

/** What publishing needs of the hub. */
export interface PublishingHub {
  readonly context: HubContext;
  hold(name: string, policy: ChannelPolicy): HubChannel;
}

/**
 * Hands a publication to the engine. One that a state is folded from is held against the state first:
 * refused after its append it would be acknowledged and yet no part of the state. That needs the state,
 * so the channel is followed; and so whoever publishes also stores the snapshots.
 */
export function publishTo(
  hub: PublishingHub,
  policy: ChannelPolicy,
  request: PublishRequest,
  done: (outcome: PublishOutcome) => void,
  sent: () => void,
): void {
  const { link } = hub.context;
  const { state } = policy;
  if (state === undefined || state.mode === "handler") {
    ask(() => link.publish(request), done);
    sent();
    return;
  }
  const channel = hub.hold(request.channel, policy);
  const finish = (outcome: PublishOutcome): void => {
    channel.letGo();
    done(outcome);
  };
  const refuse = (outcome: PublishOutcome): void => {
    finish(outcome);
    sent();
  };
  channel.whenFollowing((failed) => {
    if (failed !== undefined) {
      refuse(failed);
      return;
    }
    channel.state?.admit(request.data ?? null, (admitted) => {
      if (isFailure(admitted)) {
        refuse(admitted);
        return;
      }
      ask(
        () => link.publish({ ...request, pinned: true }),
        (outcome) => {
          admitted.settled();
          finish(outcome);
        },
      );
      sent();
    });
  });
}
