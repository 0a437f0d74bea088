import type { PlatformEvents } from "../options.js";
import { type WebSocketLike, webSocketOpener } from "./websocket.js";

type Listen = (type: string, callback: () => void) => void;

/** What a page or worker has; all of it optional, since workers lack `document`. */
interface Scope {
  readonly WebSocket?: new (url: string, subprotocols: string[]) => WebSocketLike;
  readonly addEventListener?: Listen;
  readonly removeEventListener?: Listen;
  readonly navigator?: { readonly onLine?: boolean };
  readonly document?: {
    readonly visibilityState: string;
    addEventListener: Listen;
    removeEventListener: Listen;
  };
}

/** The global scope, typed without the DOM library. */
export const scope: Scope = globalThis as object;

/** Opens sockets with the platform's own WebSocket. Throws `TypeError` where there is none. */
export const openSocket = webSocketOpener(
  (url, subprotocols) => new (scope as Required<Scope>).WebSocket(url, subprotocols),
);

function listen(type: string, callback: () => void): () => void {
  scope.addEventListener?.(type, callback);
  return () => scope.removeEventListener?.(type, callback);
}

/** Page visibility, page restore and network changes. */
export const platformEvents: PlatformEvents = {
  onWake: (callback) => {
    const { document } = scope;
    const onVisible = () => document?.visibilityState === "visible" && callback();
    document?.addEventListener("visibilitychange", onVisible);
    // A page that comes back from the back/forward cache has lost its socket without an event.
    const stopListening = listen("pageshow", callback);
    return () => {
      document?.removeEventListener("visibilitychange", onVisible);
      stopListening();
    };
  },
  onOnline: (callback) => listen("online", callback),
  onOffline: (callback) => listen("offline", callback),
  isOnline: () => scope.navigator?.onLine !== false,
};
