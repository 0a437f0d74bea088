import { signToken } from "./token.mjs";

/**
 * Lines of `native/dialect.h`: how the load generator speaks to a server.
 * @typedef {Readonly<Record<string, string>>} Dialect
 */

/** Payloads as they are; the path says what a connection is for. @type {Dialect} */
export const raw = {
  "subscriber-path": "/sub",
  "publisher-path": "/pub",
  "caller-path": "/echo",
  publish: "{p}",
  call: "{p}",
};

/** @param {string} path @returns {Dialect} */
const onePath = (path) => ({
  "subscriber-path": path,
  "publisher-path": path,
  "caller-path": path,
});

/** @type {Dialect} */
export const socketIo = {
  ...onePath("/socket.io/?EIO=4&transport=websocket"),
  connect: "40",
  connected: "40{",
  subscribe: '42["join","bench:{c}"]',
  subscribed: '42["joined"',
  publish: '42["publish","bench:{c}","{p}"]',
  call: '42{i}["echo","{p}"]',
  ping: "2",
  pong: "3",
};

/** The session's secret, and the offset that follows each payload. @type {Dialect} */
export const socketIoRecovery = {
  ...socketIo,
  capture0: '"pid":""',
  capture1: '~",""',
  reconnect: '40{"pid":"{0}","offset":"{1}"}',
};

/** @returns {Dialect} */
export function centrifugo() {
  const token = signToken({ sub: "bench" });
  return {
    ...onePath("/connection/websocket"),
    connect: `{"id":1,"connect":{"token":"${token}"}}`,
    connected: '"connect":{',
    subscribe: '{"id":{i},"subscribe":{"channel":"bench:{c}"}}',
    subscribed: '"subscribe":{',
    capture0: '"epoch":""',
    capture1: '"offset":#',
    resume:
      '{"id":{i},"subscribe":{"channel":"bench:{c}","recover":true,"epoch":"{0}","offset":{1}}}',
    resumed: '"recovered":true',
    publish: '{"id":{i},"publish":{"channel":"bench:{c}","data":"{p}"}}',
    published: '"publish":{',
    ping: "{}",
    pong: "{}",
  };
}

/** @returns {Dialect} */
export function holdfast() {
  const token = signToken({
    sub: "bench",
    can: { "bench:*": ["subscribe", "publish", "history"], "bench.*": ["call"] },
  });
  return {
    ...onePath("/ws"),
    subprotocol: "holdfast.v1.json",
    connect: `{"type":"connect","token":"${token}"}`,
    connected: '"type":"connected"',
    subscribe: '{"type":"subscribe","id":{i},"channel":"bench:{c}"}',
    subscribed: '"type":"subscribed"',
    refusal: '"type":"error"',
    publish: '{"type":"publish","id":{i},"channel":"bench:{c}","data":"{p}"}',
    published: '"type":"published"',
    call: '{"type":"call","id":{i},"method":"bench.echo","data":"{p}"}',
    "ping-part": '{"type":"ping"',
    pong: '{"type":"pong"}',
    capture0: '"epoch":""',
    capture1: '"offset":#',
    capture2: '"id":""',
    resume:
      '{"type":"subscribe","id":{i},"channel":"bench:{c}","position":{"epoch":"{0}","offset":{1},"id":"{2}"}}',
    resumed: '"resumed":true',
  };
}

/** Without what only a storm needs: nothing is searched for in each message. @param {Dialect} dialect */
export function withoutCaptures(dialect) {
  return Object.fromEntries(Object.entries(dialect).filter(([key]) => !key.startsWith("capture")));
}

/** @param {Dialect} dialect */
export function dialectText(dialect) {
  return Object.entries(dialect)
    .map(([key, value]) => `${key} ${value}\n`)
    .join("");
}
