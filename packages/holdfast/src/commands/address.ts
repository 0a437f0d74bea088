import { UsageError } from "../config/usage-error.js";

/**
 * The gateway a command speaks to, as the origin of its HTTP API and the URL of its WebSocket.
 * Takes http, https, ws or wss, with or without the path of the WebSocket.
 * @throws UsageError for anything else
 */
export function addressOf(text: string): { readonly http: string; readonly webSocket: string } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSecure = url?.protocol === "https:" || url?.protocol === "wss:";
  if (url === undefined || !(isSecure || url.protocol === "http:" || url.protocol === "ws:")) {
    throw new UsageError(
      `--url: expected an address such as http://127.0.0.1:8000, not "${text}".`,
    );
  }
  const path = url.pathname === "/" ? "/ws" : url.pathname;
  return {
    http: `${isSecure ? "https" : "http"}://${url.host}`,
    webSocket: `${isSecure ? "wss" : "ws"}://${url.host}${path}`,
  };
}
