import type { IncomingMessage, ServerResponse } from "node:http";
import { isFailure } from "@holdfast/broker";
import { sendFailure, sendJson } from "./http-response.js";
import { type KeyedRouteOptions, keyedBody, startedCore } from "./keyed-request.js";

/** Answers `GET /api/nodes`: the gateways that share the engine and what each is doing, for an API key. */
export async function handleNodes(
  request: IncomingMessage,
  response: ServerResponse,
  options: KeyedRouteOptions,
): Promise<void> {
  if ((await keyedBody(request, response, options)) === undefined) return;
  const core = startedCore(response, options.core);
  if (core === undefined) return;
  const nodes = await core.nodes();
  if (isFailure(nodes)) sendFailure(response, nodes);
  else sendJson(response, 200, { nodes });
}
