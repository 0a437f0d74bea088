import { expect, it } from "vitest";
import { CuttingProxy } from "./kit/cutting-proxy.js";
import { endAfterEach, onEnd, serve } from "./kit/gateway.js";
import { JsonClient, type Message } from "./kit/json-client.js";
import { MsgpackClient } from "./kit/msgpack-client.js";

endAfterEach();

const CHANNEL = "chat:cut";
const ENTRIES = 6;
const LANES = 8;

interface Reader {
  position: unknown;
  readonly seen: number[];
  readonly resets: Message[];
}

/** Reads what one connection brings, as an application that keeps its position would. */
function take(reader: Reader, messages: readonly Message[]): void {
  for (const message of messages) {
    if (message.type === "subscribed") {
      if (message.resumed !== true) reader.resets.push(message);
      reader.position = message.position;
    } else if (message.type === "publication") {
      const { epoch } = reader.position as { epoch: string };
      reader.seen.push(message.offset as number);
      reader.position = { epoch, offset: message.offset, id: message.id };
    }
  }
}

type ClientClass = typeof JsonClient | typeof MsgpackClient;

async function connectOnce(Client: ClientClass, url: string, reader: Reader): Promise<void> {
  const client = new Client(url);
  client.socket.once("open", () => {
    client.send({ type: "subscribe", channel: CHANNEL, position: reader.position });
  });
  await client.until(
    () => client.closeCode !== undefined || client.messages.some((each) => each.offset === ENTRIES),
  );
  client.socket.terminate();
  take(reader, client.messages);
}

it.each([
  ["JSON", JsonClient],
  ["MessagePack", MsgpackClient],
] as const)(
  "abuse 22: in %s, a replay cut after any byte, and cut again, goes on without gap, repetition or reset",
  async (_name, Client) => {
    const { port, webSocketUrl, gateway } = await serve();
    const first = await JsonClient.open(webSocketUrl);
    const { position } = await first.ask({ type: "subscribe", channel: CHANNEL }, "subscribed");
    for (let i = 1; i <= ENTRIES; i++) await gateway.publish(CHANNEL, { n: i });

    const measuring = await CuttingProxy.start(port);
    onEnd(() => measuring.close());
    await connectOnce(Client, `ws://127.0.0.1:${measuring.port}/ws`, {
      position,
      seen: [],
      resets: [],
    });
    const bytes = measuring.relayed[0]!;
    expect(bytes).toBeGreaterThan(ENTRIES * 50);

    let next = 0;
    const failures: unknown[] = [];
    const lane = async (): Promise<void> => {
      const proxy = await CuttingProxy.start(port);
      onEnd(() => proxy.close());
      for (let cut = next++; cut <= bytes; cut = next++) {
        const reader: Reader = { position, seen: [], resets: [] };
        proxy.cutNext(cut, (cut * 7) % bytes);
        for (let attempt = 0; attempt < 3 && reader.seen.at(-1) !== ENTRIES; attempt++) {
          // The third connection is not cut.
          if (attempt === 2) await connectOnce(Client, webSocketUrl, reader);
          else await connectOnce(Client, `ws://127.0.0.1:${proxy.port}/ws`, reader);
        }
        const expected = Array.from({ length: ENTRIES }, (_, index) => index + 1);
        if (String(reader.seen) !== String(expected) || reader.resets.length > 0) {
          failures.push({ cut, seen: reader.seen, resets: reader.resets });
        }
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    expect(failures).toEqual([]);
    expect(next).toBeGreaterThan(bytes);
  },
  60_000,
);
