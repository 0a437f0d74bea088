import { connect as connectNats } from "@nats-io/transport-node";

export * from "@nats-io/transport-node";

/** @import { ConnectionOptions, Msg, NatsConnection, PublishOptions, RequestOptions } from "@nats-io/transport-node" */

/**
 * A request, as the server was asked it.
 * @typedef {object} Ask
 * @property {string} subject
 * @property {string} body
 * @property {readonly (readonly [string, string])[]} headers
 * @property {number | undefined} seq of the message it stored
 */

/** What was asked so far. @type {Ask[]} */
export const asked = [];

/**
 * `connect` of the client library, whose connections note what they ask.
 * @param {ConnectionOptions} options
 * @returns {Promise<NatsConnection>}
 */
export async function connect(options) {
  const connection = await connectNats(options);
  const request = connection.request.bind(connection);
  connection.request = (subject, payload, opts) => {
    const ask = noted(subject, payload, opts);
    const answer = request(subject, payload, opts);
    answer.then(
      (message) => answered(ask, message),
      () => {},
    );
    return answer;
  };
  noteStored(connection);
  return connection;
}

/** Notes what is stored: published with headers and a subject for its answer. @param {NatsConnection} connection */
function noteStored(connection) {
  /** @type {Map<string, Ask>} */
  const asks = new Map();
  const publish = connection.publish.bind(connection);
  connection.publish = (subject, payload, opts) => {
    const { reply, headers } = opts ?? {};
    if (reply && headers !== undefined) asks.set(reply, noted(subject, payload, opts));
    publish(subject, payload, opts);
  };
  const subscribe = connection.subscribe.bind(connection);
  connection.subscribe = (subject, opts) =>
    subscribe(subject, {
      ...opts,
      callback: (error, message) => {
        const ask = asks.get(message.subject);
        if (ask !== undefined) answered(ask, message);
        asks.delete(message.subject);
        opts?.callback?.(error, message);
      },
    });
}

/**
 * @param {string} subject
 * @param {string | Uint8Array} [payload]
 * @param {RequestOptions | PublishOptions} [opts]
 */
function noted(subject, payload = "", opts) {
  const body = typeof payload === "string" ? payload : Buffer.from(payload).toString("utf8");
  /** @type {Ask} */
  const ask = { subject, body, headers: headersOf(opts), seq: undefined };
  asked.push(ask);
  return ask;
}

/** @param {Ask} ask @param {Msg} message */
function answered(ask, message) {
  /** @type {{ seq?: number }} */
  const { seq } = JSON.parse(message.string() || "{}");
  ask.seq = seq;
}

/** @param {RequestOptions | PublishOptions | undefined} options @returns {[string, string][]} */
function headersOf(options) {
  const { headers } = options ?? {};
  return (headers?.keys() ?? []).map((name) => [name, headers?.get(name) ?? ""]);
}
