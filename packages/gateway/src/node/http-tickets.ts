import type { IncomingMessage, ServerResponse } from "node:http";
import { isFailure } from "@holdfast/broker";
import { sendFailure, sendJson } from "./http-response.js";
import { type KeyedRouteOptions, keyedCommand } from "./keyed-request.js";

/** Answers `POST /api/tickets`: a ticket for one connection, with the authority of an API key. */
export async function handleTicket(
  request: IncomingMessage,
  response: ServerResponse,
  options: KeyedRouteOptions,
): Promise<void> {
  const command = await keyedCommand(request, response, options);
  if (command === undefined) return;
  const { body, core } = command;
  const issued = await core.issueTicket(body);
  if (isFailure(issued)) sendFailure(response, issued);
  else sendJson(response, 200, { ticket: issued.ticket, expiresInMs: issued.expiresInMs });
}
