import fc from "fast-check";
import type { DownMessage } from "../src/schemas/down.js";
import type { UpMessage } from "../src/schemas/up.js";

// Messages as they may be, for the properties of codecs.

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const memberName = text.filter((name) => !["__proto__", "constructor", "prototype"].includes(name));
// JSON has no negative zero.
const number = fc
  .oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, min: -1e15, max: 1e15 }))
  .map((value) => value + 0);
export const { data } = fc.letrec((tie) => ({
  data: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    number,
    text,
    fc.array(tie("data"), { maxLength: 5 }),
    fc.dictionary(memberName, tie("data"), { maxKeys: 5, noNullPrototype: true }),
  ),
}));
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => new Uint8Array(array));
const payload = fc.oneof(fc.record({ data }), fc.record({ bytes }));
const channel = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}:[A-Za-z0-9_.~@:/-]{1,200}$/);
const id = fc.integer({ min: 1, max: 0xffff_ffff });
const word = fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/);
const offset = fc.nat(Number.MAX_SAFE_INTEGER);
const meta = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), text, {
  maxKeys: 4,
  noNullPrototype: true,
});

const publish = fc
  .tuple(
    fc.record(
      { channel, key: word, id, tags: fc.array(word, { maxLength: 3 }), meta },
      {
        requiredKeys: ["channel"],
      },
    ),
    payload,
  )
  .map(([fields, content]): UpMessage => ({ type: "publish", ...fields, ...content }));
const call = fc
  .tuple(id, payload)
  .map(([callId, content]): UpMessage => ({ type: "call", id: callId, method: "a.b", ...content }));
const subscribe = fc
  .record({ channel, id, position: fc.record({ epoch: word, offset, id: word }) })
  .map((fields): UpMessage => ({ type: "subscribe", ...fields }));
const enter = fc
  .record({ channel, data }, { requiredKeys: ["channel"] })
  .map((fields): UpMessage => ({ type: "presence_enter", ...fields }));
const connect = fc
  .record({ id, token: word, features: fc.array(word, { maxLength: 3 }) })
  .map((fields): UpMessage => ({ type: "connect", ...fields }));

/** Commands that keep the rules. */
export const upMessage = fc.oneof(publish, call, subscribe, enter, connect);

const publication = fc
  .tuple(fc.record({ channel, offset, id: word, timeMs: offset }), payload)
  .map(([fields, content]) => ({ type: "publication" as const, ...fields, ...content }));
const historyPage = fc
  .record({ channel, epoch: word, top: offset, first: offset, publications: fc.array(publication) })
  .map((fields): DownMessage => ({ type: "history", ...fields }));
const result = fc
  .tuple(id, payload)
  .map(([callId, content]): DownMessage => ({ type: "result", id: callId, ...content }));
const ephemeral = fc
  .tuple(
    fc.record({ channel, user: word, key: word, meta }, { requiredKeys: ["channel"] }),
    payload,
  )
  .map(([fields, content]) => ({ type: "ephemeral" as const, ...fields, ...content }));
const position = fc.record({ epoch: word, offset, id: word });
const subscribed = fc
  .record(
    {
      channel,
      id,
      resumed: fc.boolean(),
      contiguous: fc.boolean(),
      position,
      top: offset,
      state: data,
    },
    { requiredKeys: ["channel", "resumed", "contiguous"] },
  )
  .map((fields): DownMessage => ({ type: "subscribed", ...fields }));
const reset = fc
  .record({ channel, position, top: offset, state: data })
  .map((fields): DownMessage => ({ type: "reset", reason: "state_lost", ...fields }));
const change = fc
  .record({ channel, version: offset, count: offset, member: fc.record({ id: word, data }) })
  .map((fields): DownMessage => ({ type: "presence_change", action: "enter", ...fields }));
const error = fc
  .record({ id, message: text, retryable: fc.boolean(), retryAfterMs: offset })
  .map((fields): DownMessage => ({ type: "error", code: "busy", ...fields }));

/** What names its channel by number in binary codecs. */
export const push = fc.oneof(publication, ephemeral);
/** Messages of a gateway. */
export const downMessage: fc.Arbitrary<DownMessage> = fc.oneof(
  push,
  historyPage,
  result,
  subscribed,
  reset,
  change,
  error,
);
/** Any message of either side. */
export const message = fc.oneof(upMessage, downMessage);
