// One process of a benchmark's clients: does what its parent asks, and ends with it.
import { jsonCodec } from "@holdfast/protocol/json";
import { msgpackCodec } from "@holdfast/protocol/msgpack";
import type { BenchSettings, Share } from "../bench/settings.js";
import { type Command, ShareWorker } from "../bench/worker.js";
import { benchPlatform } from "./bench-platform.js";

const codecs = { json: jsonCodec, msgpack: msgpackCodec };

/** The first message says what this process is; it may hold a token, so it is no argument. */
interface Beginning {
  readonly settings: BenchSettings;
  readonly share: Share;
}

process.once("message", ({ settings, share }: Beginning) => {
  const platform = { ...benchPlatform, codec: codecs[settings.codec] };
  const worker = new ShareWorker(settings, share, platform);
  process.on("message", ({ number, command }: { number: number; command: Command }) => {
    void worker.ask(command).then(
      (answer) => process.send?.({ number, answer }),
      (cause: unknown) => {
        process.stderr.write(`${cause instanceof Error ? cause.stack : String(cause)}\n`);
        process.exit(1);
      },
    );
  });
  process.send?.({ ready: true });
});
process.on("disconnect", () => process.exit(0));
// An interrupt from the terminal reaches the whole group; the parent decides.
process.on("SIGINT", () => {});
