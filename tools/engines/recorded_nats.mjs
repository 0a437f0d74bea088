import { connect as connectNats } from "@nats-io/transport-node";

export * from "@nats-io/transport-node";

/** @import { ConnectionOptions, NatsConnection, RequestOptions } from "@nats-io/transport-node" */

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
  connection.request = (subject, payload = "", opts) => {
    const body = typeof payload === "string" ? payload : Buffer.from(payload).toString("utf8");
    const headers = headersOf(opts);
    /** @type {Ask} */
    const ask = { subject, body, headers, seq: undefined };
    asked.push(ask);
    const answer = request(subject, payload, opts);
    answer.then(
      (message) => {
        ask.seq = seqOf(message.string());
      },
      () => {},
    );
    return answer;
  };
  return connection;
}

/** @param {RequestOptions | undefined} options @returns {[string, string][]} */
function headersOf(options) {
  const { headers } = options ?? {};
  return (headers?.keys() ?? []).map((name) => [name, headers?.get(name) ?? ""]);
}

/** @param {string} text */
function seqOf(text) {
  /** @type {{ seq?: number }} */
  const { seq } = JSON.parse(text || "{}");
  return seq;
}
