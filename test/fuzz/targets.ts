import { codecs } from "./codecs.js";
import type { Target } from "./kit/target.js";
import { codecTarget } from "./targets/codec.js";
import { configurationTarget } from "./targets/configuration.js";
import { framesTarget } from "./targets/frames.js";
import { handshakeTarget } from "./targets/handshake.js";
import { httpTarget } from "./targets/http.js";
import { sessionTarget } from "./targets/session.js";
import { tokenTarget } from "./targets/token.js";

/** Everything that takes bytes of strangers; `root` is the folder of the project. */
export function targetsOf(root: string): readonly Target[] {
  return [
    ...codecs.map((codec) => codecTarget(codec, 530 / codecs.length, root)),
    ...codecs.map((codec) => sessionTarget(codec, 120 / codecs.length)),
    configurationTarget(50),
    handshakeTarget(130),
    tokenTarget(60),
    httpTarget(false, 50, root),
    framesTarget(false, 40, root),
    httpTarget(true, 10, root),
    framesTarget(true, 10, root),
  ];
}
