// uWebSockets.js with `publish` and its topics; idle timeout and pings as they are.
import { createRequire } from "node:module";
import { report } from "./report.mjs";

const uws = createRequire(import.meta.url)("uwebsockets");

const common = { compression: uws.DISABLED, maxPayloadLength: 65_536, maxBackpressure: 1_048_576 };
const app = uws.App();
app.ws("/sub", { ...common, open: (/** @type {any} */ socket) => socket.subscribe("bench") });
app.ws("/pub", {
  ...common,
  message: (/** @type {any} */ _socket, /** @type {ArrayBuffer} */ data) =>
    app.publish("bench", data, false),
});
app.ws("/echo", {
  ...common,
  message: (/** @type {any} */ socket, /** @type {ArrayBuffer} */ data) => socket.send(data, false),
});
app.listen("127.0.0.1", 0, (/** @type {any} */ listening) =>
  report(uws.us_socket_local_port(listening)),
);
