import { describe, expect, it } from "vitest";
import { DecodeError } from "../codec.js";
import { msgpackCodec } from "../msgpack.js";

describe("the numbers of channels", () => {
  const subscribed = { type: "subscribed", resumed: false, contiguous: true } as const;
  const said = (channel: string, data: unknown) => ({ type: "ephemeral", channel, data }) as const;

  it("are each connection's own to remember", () => {
    const [first, second] = [msgpackCodec.forConnection?.(), msgpackCodec.forConnection?.()];
    first?.decode(msgpackCodec.encode({ ...subscribed, channel: "a:b" }, 3), 1);
    const push = msgpackCodec.encode(said("a:b", 1), 3);
    expect(first?.decode(push, 1)).toEqual([said("a:b", 1)]);
    expect(second?.decode(push, 1)).toEqual([expect.any(DecodeError)]);
  });

  it("are forgotten with the subscription, and the last announcement counts", () => {
    const client = msgpackCodec.forConnection?.();
    const tell = (channel: string, ref: number) =>
      client?.decode(msgpackCodec.encode({ ...subscribed, channel }, ref), 1);
    const push = (ref: number) => client?.decode(msgpackCodec.encode(said("x:x", 1), ref), 1)[0];
    tell("a:b", 3);
    client?.decode(msgpackCodec.encode({ type: "unsubscribed", channel: "a:b" }), 1);
    expect(push(3)).toBeInstanceOf(DecodeError);
    tell("a:b", 4);
    tell("c:d", 3);
    expect(push(3)).toEqual(said("c:d", 1));
    // A number may go to another channel once nobody holds it.
    tell("a:b", 5);
    tell("c:d", 4);
    expect([push(4), push(5)]).toEqual([said("c:d", 1), said("a:b", 1)]);
    expect(push(3)).toBeInstanceOf(DecodeError);
    // The end of a subscription is not that of the channel which has its number by now.
    tell("e:f", 4);
    client?.decode(msgpackCodec.encode({ type: "unsubscribed", channel: "c:d" }), 1);
    expect(push(4)).toEqual(said("e:f", 1));
  });
});
