import { type EphemeralRequest, isFailure, type PublishRequest } from "@holdfast/broker";
import { type Failure, failure, type Publish, type Published } from "@holdfast/protocol";
import { ask } from "../hub/ask.js";
import type { ChannelPolicy } from "../hub/channel-policy.js";
import { idOf, type Peer, scopeOf } from "./peer.js";
import { validate } from "./validate.js";

type Payload = { readonly data: unknown } | { readonly bytes: Uint8Array };

/**
 * Carries a `publish` out: authorize, validate, then hand it to the engine. The channel's lane is
 * released when the engine has it: engines keep the order of what one link gives them.
 */
export function publish(peer: Peer, command: Publish, release: () => void): void {
  const { channel } = command;
  const refuse = (why: Failure): void => {
    if (!peer.ended) peer.refuse(command, why);
    release();
  };
  const policy = peer.shared.policyOf(channel);
  if (policy === undefined) {
    refuse(peer.authorizer.unknownChannel("publish", channel));
    return;
  }
  peer.authorizer.check("publish", channel, (denied) => {
    if (denied !== undefined) {
      refuse(denied);
      return;
    }
    acceptPayload(policy, command, (payload) => {
      if (isFailure(payload)) refuse(payload);
      else if (peer.ended) release();
      else {
        if (command.ephemeral !== true) sendStored(peer, command, policy, payload, release);
        else {
          sendEphemeral(peer, command, policy, payload);
          release();
        }
      }
    });
  });
}

/** Holds a payload against the channel's schema; what the schema makes of it is published. */
export function acceptPayload(
  policy: ChannelPolicy,
  given: { readonly data?: unknown; readonly bytes?: Uint8Array; readonly ephemeral?: boolean },
  done: (payload: Payload | Failure) => void,
): void {
  const { data, bytes, ephemeral } = given;
  if (bytes !== undefined && !takesBytes(policy, ephemeral)) {
    done(failure("invalid_data", "The channel's state is folded from data.", { field: "/bytes" }));
  } else if (policy.schema === undefined) {
    done(bytes === undefined ? { data } : { bytes });
  } else if (bytes !== undefined) {
    done(failure("invalid_data", "The channel has a schema: send data.", { field: "/bytes" }));
  } else {
    validate(policy.schema, data, "/data", (outcome) => {
      done(outcome.ok ? { data: outcome.value } : outcome);
    });
  }
}

/** A state is a JSON value, and so is everything it is folded from. */
function takesBytes({ state }: ChannelPolicy, ephemeral: boolean | undefined): boolean {
  return state === undefined || state.mode === "handler" || ephemeral === true;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Adds who published, where the channel's rule allows, and the labels. */
function label(
  request: Mutable<PublishRequest | EphemeralRequest>,
  peer: Peer,
  { tags, meta }: Publish,
  policy: ChannelPolicy,
): void {
  if (policy.stampUser && peer.user !== undefined) request.user = peer.user;
  if (tags !== undefined) request.tags = tags;
  if (meta !== undefined) request.meta = meta;
}

function sendStored(
  peer: Peer,
  command: Publish,
  policy: ChannelPolicy,
  payload: Payload,
  sent: () => void,
): void {
  const { shared } = peer;
  const { channel, key, session, expectedOffset } = command;
  const scope = scopeOf(peer);
  // Field by field: spreading optional ones costs several times as much.
  const request: Mutable<PublishRequest> = {
    channel,
    ...payload,
    timeMs: shared.clock.wallMs(),
    history: policy.history,
  };
  label(request, peer, command, policy);
  if (key !== undefined) request.key = { scope, value: key };
  // The engine's sessions are everybody's; nobody may continue another's.
  if (session !== undefined) request.session = { ...session, id: `${scope}/${session.id}` };
  if (expectedOffset !== undefined) request.expectedOffset = expectedOffset;
  shared.hub.publish(
    policy,
    request,
    (outcome) => {
      if (peer.ended) return;
      if (isFailure(outcome)) {
        peer.refuse(command, outcome);
        return;
      }
      shared.metrics.published.add();
      const { epoch, offset, duplicate } = outcome;
      const answer: Mutable<Published> = { type: "published", ...idOf(command), channel };
      answer.offset = offset;
      answer.epoch = epoch;
      if (duplicate) answer.duplicate = true;
      peer.send(answer);
    },
    sent,
  );
}

function sendEphemeral(
  peer: Peer,
  command: Publish,
  policy: ChannelPolicy,
  payload: Payload,
): void {
  const { shared } = peer;
  const { channel, key } = command;
  const request: Mutable<EphemeralRequest> = { channel, ...payload };
  label(request, peer, command, policy);
  if (key !== undefined) request.key = key;
  ask(
    () => shared.hub.context.link.publishEphemeral(request),
    (outcome) => {
      if (peer.ended) return;
      if (isFailure(outcome)) {
        peer.refuse(command, outcome);
        return;
      }
      shared.metrics.published.add();
      if (command.id !== undefined) peer.send({ type: "published", id: command.id, channel });
    },
  );
}
