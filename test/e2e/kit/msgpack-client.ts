import { once } from "node:events";
import type { UpMessage } from "@holdfast/protocol";
import { msgpackCodec } from "@holdfast/protocol/msgpack";
import { JsonClient, type Message } from "./json-client.js";

/** As `JsonClient`, but over the MessagePack codec. */
export class MsgpackClient extends JsonClient {
  readonly #codec = msgpackCodec.forConnection?.() ?? msgpackCodec;

  constructor(url: string) {
    super(url, { protocols: ["holdfast.v1.msgpack"] });
  }

  static override async open(url: string): Promise<MsgpackClient> {
    const client = new MsgpackClient(url);
    await once(client.socket, "open");
    return client;
  }

  override send(message: unknown): void {
    this.socket.send(this.#codec.encode(message as UpMessage));
  }

  protected override read(data: Buffer): readonly Message[] {
    return this.#codec.decode(data, 10_000) as readonly Message[];
  }
}
