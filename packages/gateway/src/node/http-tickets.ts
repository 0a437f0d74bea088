import type { IncomingMessage, ServerResponse } from "node:http";
import { isFailure } from "@holdfast/broker";
import { failure } from "@holdfast/protocol";
import { sendFailure, sendJson } from "./http-response.js";
import { type KeyedRouteOptions, keyedBody, parseObject, startedCore } from "./keyed-request.js";

/** Answers `POST /api/tickets`: a ticket for one connection, with the authority of an API key. */
export async function handleTicket(
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
  const issued = await core.issueTicket(body);
  if (isFailure(issued)) sendFailure(response, issued);
  else sendJson(response, 200, { ticket: issued.ticket, expiresInMs: issued.expiresInMs });
}
