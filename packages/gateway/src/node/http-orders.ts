import type { IncomingMessage, ServerResponse } from "node:http";
import { isFailure } from "@holdfast/broker";
import { type Failure, failure } from "@holdfast/protocol";
import {
  disconnectOrder,
  type Order,
  type RevokeRequest,
  recheckOrder,
  unsubscribeOrder,
} from "../cluster/orders.js";
import type { GatewayCore } from "../core-contract.js";
import { sendFailure, sendJson } from "./http-response.js";
import { type KeyedRouteOptions, keyedBody, parseObject, startedCore } from "./keyed-request.js";

type ReadOrder = (body: Record<string, unknown>, core: GatewayCore) => Order | Failure;

/** The routes by which a backend ends what clients have, on every gateway. */
export const orderRoutes: Readonly<Record<string, ReadOrder>> = {
  "/api/disconnect": disconnectOrder,
  // What is not a request of this shape is refused where it is read.
  "/api/revoke": (body, core) => core.revocation(body as RevokeRequest),
  "/api/unsubscribe": unsubscribeOrder,
  "/api/recheck": recheckOrder,
};

/** Answers one of `orderRoutes`, with the authority of an API key, once other gateways can know of it. */
export async function handleOrder(
  read: ReadOrder,
  request: IncomingMessage,
  response: ServerResponse,
  options: KeyedRouteOptions,
): Promise<void> {
  const bytes = await keyedBody(request, response, options);
  if (bytes === undefined) return;
  const body = parseObject(bytes);
  if (body === undefined) {
    sendFailure(response, failure("bad_message", "The body is not a JSON object in UTF-8."));
    return;
  }
  const core = startedCore(response, options.core);
  if (core === undefined) return;
  const told = await core.tell(read(body, core));
  if (isFailure(told)) sendFailure(response, told);
  else sendJson(response, 200, { ok: true });
}
