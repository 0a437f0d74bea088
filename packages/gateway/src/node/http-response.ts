import type { ServerResponse } from "node:http";
import type { Failure } from "@holdfast/protocol";
import { type ProblemDetails, problemBody, problemOf, statusOf } from "./problem.js";
import { dataHeaders } from "./security-headers.js";

/** Sends a body with its type and length. Nothing here is for a cache unless `headers` says so. */
export function sendText(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    ...dataHeaders,
    ...headers,
  });
  response.end(body);
}

/** Sends a value as JSON. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  sendText(response, status, "application/json", JSON.stringify(value));
}

/** Sends an RFC 9457 problem document. */
export function sendProblem(
  response: ServerResponse,
  status: number,
  details: ProblemDetails,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = problemBody(status, details);
  sendText(response, status, "application/problem+json", body, headers);
}

/** Sends a failure as a problem document, with its advice when to come back. */
export function sendFailure(
  response: ServerResponse,
  problem: Failure,
  status: number = statusOf(problem),
  headers: Readonly<Record<string, string>> = {},
): void {
  const { retryAfterMs } = problem;
  const advice =
    retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1000)) };
  sendProblem(response, status, problemOf(problem), { ...advice, ...headers });
}
