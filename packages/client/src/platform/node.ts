import { WebSocket as NodeWebSocket } from "ws";
import { openSocket as openGlobal, scope } from "./browser.js";
import { webSocketOpener } from "./websocket.js";

/** As the SDK's own bound on what one frame may hold. */
const maxPayloadBytes = 16_777_216;

/** Opens sockets with `ws`. */
export const openWs = webSocketOpener(
  (url, subprotocols) => new NodeWebSocket(url, subprotocols, { maxPayload: maxPayloadBytes }),
);

/** Opens sockets with Node's WebSocket where there is one, otherwise with `ws`. */
export const openSocket: typeof openWs = (...given) =>
  scope.WebSocket === undefined ? openWs(...given) : openGlobal(...given);
