export type {
  ClientLimits,
  ClientOptions,
  CreateClientOptions,
  PlatformEvents,
} from "./options.js";
export { defaultLimits } from "./options.js";
export { type Client, createClient } from "./session/client.js";
export type { ClientState } from "./socket/link.js";
export type { OpenSocket, Socket, SocketEvents } from "./socket/socket.js";
