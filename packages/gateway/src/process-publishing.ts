import { isFailure, type Published } from "@holdfast/broker";
import { type Failure, failure } from "@holdfast/protocol";
import { parseUp } from "@holdfast/protocol/schemas";
import type { PublishOptions } from "./core-contract.js";
import { ask } from "./hub/ask.js";
import type { ChannelPolicy } from "./hub/channel-policy.js";
import { isUser, MAX_USER_CHARS } from "./session/identity.js";
import { acceptPayload } from "./session/publishing.js";
import type { Shared } from "./session/shared.js";
import { whileUnderWay } from "./session/under-way.js";

export type Payload = { readonly data: unknown } | { readonly bytes: Uint8Array };

/** What came of a publish: where it stands, that it was sent, or why not. */
export type PublishOutcome = Published | { readonly ok: true; readonly ephemeral: true } | Failure;

interface ProcessPublish {
  readonly channel: string;
  readonly payload: Payload;
  readonly options: PublishOptions;
}

type Done = (outcome: PublishOutcome) => void;

/** Carries out a publish of the process itself or of the HTTP API: no permission is asked, everything else is checked. */
export function publishFromProcess(shared: Shared, publish: ProcessPublish, done: Done): void {
  const checked = check(shared, publish);
  if (isFailure(checked)) {
    done(checked);
    return;
  }
  const { payload, options } = publish;
  const ephemeral = options.ephemeral === true;
  acceptPayload(checked, { ...payload, ephemeral }, (accepted) => {
    if (isFailure(accepted)) {
      done(accepted);
      return;
    }
    const begin = (answered: Done): void =>
      send(shared, checked, { ...publish, payload: accepted }, answered);
    whileUnderWay(shared.flushes, accepted, begin, done);
  });
}

/** The policy of its channel, or why it cannot be published. */
function check(
  { settings, policyOf }: Shared,
  { channel, payload, options }: ProcessPublish,
): ChannelPolicy | Failure {
  const { user, ...fields } = options;
  const parsed = parseUp({ type: "publish", channel, ...payload, ...fields }, settings);
  if (!parsed.ok) {
    const { code, message, field } = parsed;
    return failure(code, message, field === undefined ? {} : { field });
  }
  if (user !== undefined && !isUser(user)) {
    const message = `/user must be text of 1 to ${MAX_USER_CHARS} characters`;
    return failure("invalid_field", message, { field: "/user" });
  }
  const message = `No channel rule matches ${channel}.`;
  return policyOf(channel) ?? failure("unknown_channel", message, { field: "/channel" });
}

function send(
  { hub, clock, metrics }: Shared,
  policy: ChannelPolicy,
  { channel, payload, options }: ProcessPublish,
  done: Done,
): void {
  const { key, user, expectedOffset, ephemeral, tags, meta } = options;
  const fields = {
    channel,
    ...payload,
    ...(user === undefined ? {} : { user }),
    ...(tags === undefined ? {} : { tags }),
    ...(meta === undefined ? {} : { meta }),
  };
  if (ephemeral === true) {
    ask(
      () => hub.context.link.publishEphemeral({ ...fields, ...(key === undefined ? {} : { key }) }),
      (outcome) => done(isFailure(outcome) ? outcome : { ok: true, ephemeral: true }),
    );
    return;
  }
  // A key without a user is the process's own; "p:" is no scope a connection can have.
  const scope = user === undefined ? "p:" : `u:${user}`;
  hub.publish(
    policy,
    {
      ...fields,
      timeMs: clock.wallMs(),
      history: policy.history,
      ...(key === undefined ? {} : { key: { scope, value: key } }),
      ...(expectedOffset === undefined ? {} : { expectedOffset }),
    },
    (outcome) => {
      if (!isFailure(outcome)) metrics.publishedByProcess.add();
      done(outcome);
    },
  );
}
