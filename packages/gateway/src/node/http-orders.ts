import type { IncomingMessage, ServerResponse } from "node:http";
import { isFailure } from "@holdfast/broker";
import type { Failure } from "@holdfast/protocol";
import {
  disconnectOrder,
  type Order,
  type RevokeRequest,
  recheckOrder,
  unsubscribeOrder,
} from "../cluster/orders.js";
import type { GatewayCore } from "../core-contract.js";
import { sendFailure, sendJson } from "./http-response.js";
import { type KeyedRouteOptions, keyedCommand } from "./keyed-request.js";

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
  const command = await keyedCommand(request, response, options);
  if (command === undefined) return;
  const { body, core } = command;
  const told = await core.tell(read(body, core));
  if (isFailure(told)) sendFailure(response, told);
  else sendJson(response, 200, { ok: true });
}
