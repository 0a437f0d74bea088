import { isFailure } from "@holdfast/broker";
import { type Failure, failure, isChannelName, type StateMode } from "@holdfast/protocol";
import { beginWithState } from "../hub/beginning.js";
import type { ChannelPolicy } from "../hub/channel-policy.js";
import type { StateAt } from "../hub/state/source.js";
import type { Handshake } from "../transport.js";
import { authenticate } from "./authentication.js";
import { Authorizer } from "./authorizer.js";
import { closeCode } from "./closing.js";
import type { Shared } from "./shared.js";

/** A channel's state as it was read. */
export interface StateRead extends StateAt {
  readonly ok: true;
  readonly mode: StateMode;
}

/**
 * Reads a channel's state without subscribing: with the process's own authority, or as whoever the
 * reader's credentials say, who needs the permission `history`. Folded states show at least what had
 * been acknowledged before.
 */
export function readState(
  shared: Shared,
  channel: string,
  reader: Handshake | undefined,
  done: (outcome: StateRead | Failure) => void,
): void {
  if (!isChannelName(channel)) {
    done(failure("invalid_channel", undefined, { field: "/channel" }));
    return;
  }
  const policy = shared.policyOf(channel);
  if (reader === undefined) {
    if (policy !== undefined) readPermitted(shared, channel, policy, done);
    else done(failure("unknown_channel", `No channel rule matches ${channel}.`));
    return;
  }
  authenticate(shared, reader, reader.token, (who) => {
    if (!who.ok) {
      done(failure(refusals[who.code] ?? "unauthorized"));
      return;
    }
    const { user, can } = who.identity;
    const authorizer = new Authorizer(shared, user, can);
    if (policy === undefined) {
      done(authorizer.unknownChannel("history", channel));
      return;
    }
    authorizer.check("history", channel, (denied) => {
      if (denied !== undefined) done(denied);
      else readPermitted(shared, channel, policy, done);
    });
  });
}

const refusals: Readonly<Record<number, "token_expired" | "unavailable">> = {
  [closeCode.token_expired]: "token_expired",
  [closeCode.overloaded]: "unavailable",
};

function readPermitted(
  { hub }: Shared,
  name: string,
  policy: ChannelPolicy,
  done: (outcome: StateRead | Failure) => void,
): void {
  if (policy.state === undefined) {
    done(failure("no_state"));
    return;
  }
  const { turns } = hub.context;
  if (!turns.admit()) {
    done(failure("busy", "Too many reads at once.", { retryAfterMs: 1_000 }));
    return;
  }
  const channel = hub.hold(name, policy);
  const finish = (outcome: StateRead | Failure): void => {
    turns.leave();
    channel.letGo();
    done(outcome);
  };
  const { state } = channel;
  channel.whenFollowing((failed) => {
    if (failed !== undefined) {
      finish(failed);
      return;
    }
    channel.head.read((head) => {
      if (isFailure(head)) finish(head);
      else if (state === undefined) finish(failure("no_state"));
      else {
        beginWithState(state, head, (found) => {
          if (isFailure(found)) finish(found);
          else {
            const { position, state: value } = found;
            finish({ ok: true, mode: state.mode, position, state: value });
          }
        });
      }
    });
  });
}
