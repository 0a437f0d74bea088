import { VirtualClock } from "@holdfast/core/testing";
import { headers, type Msg, type Subscription } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { StoreError } from "./errors.js";
import { Inbox } from "./inbox.js";

/** A connection whose answers a test gives. */
function scene() {
  const clock = new VirtualClock();
  const asked: string[] = [];
  let hear = (_message: Msg) => {};
  const inbox = new Inbox({
    clock,
    subject: "hf.i.me",
    timeoutMs: 1_000,
    connection: {
      publish: (_subject, _body, { reply = "" } = {}) => void asked.push(reply),
      subscribe: (_subject, { callback } = {}) => {
        hear = (message) => void callback?.(null, message);
        return {} as Subscription;
      },
    },
  });
  const answer = (subject = "", text = "", code = 0) =>
    hear({
      subject,
      sid: 1,
      data: Buffer.from(text),
      headers: headers(code, code === 0 ? "" : "said"),
      respond: () => false,
      json: () => JSON.parse(text),
      string: () => text,
    });
  const ask = (subject: string) =>
    inbox.ask(subject, "", headers()).then(
      (message) => message.string(),
      ({ kind, code }: StoreError) => `${kind} ${code}`,
    );
  return { clock, asked, answer, ask, inbox };
}

test("each request is given its own answer, whatever their order, and once", async () => {
  const { asked, answer, ask } = scene();
  const [one, two] = [ask("a"), ask("b")];
  answer(asked[1], "second");
  answer(asked[0], "first");
  answer(asked[0], "again");
  expect(await Promise.all([one, two])).toEqual(["first", "second"]);
});

test("nobody there is an answer", async () => {
  const { asked, answer, ask } = scene();
  const one = ask("a");
  answer(asked[0], "", 503);
  expect(await one).toBe("refused 503");
});

test("each request has its own time, and one timer looks after all of them", async () => {
  const { clock, asked, answer, ask } = scene();
  const one = ask("a");
  clock.advance(600);
  const [two, three] = [ask("b"), ask("c")];
  clock.advance(400);
  expect(await one).toBe("unknown 0");
  answer(asked[1], "in time");
  expect(await two).toBe("in time");
  clock.advance(600);
  expect(await three).toBe("unknown 0");
  const four = ask("d");
  clock.advance(1_000);
  expect(await four).toBe("unknown 0");
});

test("what may not be sent is refused at once, and a lost connection ends everything under way", async () => {
  const { ask, inbox } = scene();
  const [one, two] = [ask("a"), ask("b")];
  inbox.refuse(new StoreError("forbidden", "not allowed"), "a");
  expect(await one).toBe("forbidden 0");
  inbox.refuse(new StoreError("unknown", "lost"));
  expect(await two).toBe("unknown 0");
});
