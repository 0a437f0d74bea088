// Clients that connect, subscribe and go, in a thread of their own: what they hold is not on the heap of
// the gateway they are told of. Answers a message `{ count, first }` when all of them have gone.
import { connect } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

/** @type {{ port: number }} */
const { port } = workerData;
/** Connections at a time. */
const AT_ONCE = 50;
/** Each address has ports of its own, of which those that were closed stay taken for a minute (RFC 9293 §3.6.1). */
const ADDRESSES = process.platform === "linux" ? 20 : 1;

/** A masked text frame (RFC 6455 §5.2) of at most 125 bytes. @param {unknown} message */
function frameOf(message) {
  const payload = Buffer.from(JSON.stringify(message));
  const mask = Buffer.from([1, 2, 3, 4]);
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, masked]);
}

/** A masked close frame without a body. */
const farewell = Buffer.from([0x88, 0x80, 1, 2, 3, 4]);

/**
 * One connection from its opening to its end: cut, ended, or said goodbye to.
 * @param {number} n
 * @returns {Promise<void>}
 */
function live(n) {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port,
      host: "127.0.0.1",
      localAddress: `127.0.0.${1 + (n % ADDRESSES)}`,
    });
    let heard = "";
    let subscribed = false;
    socket.on("connect", () => {
      socket.write(
        `GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n` +
          `Sec-WebSocket-Protocol: holdfast.v1.json\r\nCookie: n=${n}\r\n\r\n`,
      );
      socket.write(frameOf({ type: "connect", token: `user-${n}` }));
      socket.write(frameOf({ type: "subscribe", id: 1, channel: "chat:all" }));
      socket.write(frameOf({ type: "subscribe", id: 2, channel: `chat:${n % 500}` }));
    });
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1");
      if (subscribed || heard.split('"type":"subscribed"').length < 3) return;
      subscribed = true;
      if (n % 3 === 0) socket.resetAndDestroy();
      else if (n % 3 === 1) socket.end();
      else socket.write(farewell);
    });
    socket.on("error", reject);
    socket.on("close", () => {
      if (subscribed) resolve();
      else reject(new Error(`connection ${n} was closed before it had subscribed: ${heard}`));
    });
  });
}

parentPort?.on("message", async ({ first, count }) => {
  let next = first;
  const line = async () => {
    while (next < first + count) await live(next++);
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, line));
    parentPort?.postMessage({ done: count });
  } catch (error) {
    parentPort?.postMessage({ failed: String(error) });
  }
});
