import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { Clock, Logger, Meter, Timer } from "@holdfast/core";
import type { Codec } from "@holdfast/protocol";
import { type Server, WebSocketServer } from "ws";
import type { GatewayCore } from "../core-contract.js";
import { metrics } from "../metrics.js";
import type { Settings } from "../settings.js";
import type { Handshake } from "../transport.js";
import { forgetAddress, type TrustedProxies } from "./client-address.js";
import { acceptableDeflate, type DeflateOffer } from "./deflate-offers.js";
import { takesDeflated } from "./deflating.js";
import { HeaderTexts, KeptHandshake } from "./kept-handshake.js";
import { LinkedSocket } from "./linked-socket.js";
import { isForLocalHost } from "./local-host.js";
import {
  checkHandshake,
  type Negotiated,
  negotiate,
  queryToken,
  type Refusal,
  refuse,
} from "./negotiation.js";
import { originAllowed } from "./origins.js";
import { answerRefusal } from "./refusal.js";
import type { Traffic } from "./traffic.js";
import { deflating, WsTransport, type WsTransportOwner } from "./ws-transport.js";

/** Time a closing handshake may take before the socket is destroyed. */
const CLOSE_TIMEOUT_MS = 5_000;
/** Chunks a socket may deliver one frame in. */
const MAX_BUFFERED_CHUNKS = 16_384;
/** Header lines of an upgrade request; browsers send about 15. */
const MAX_HEADERS = 100;
const RETRY_AFTER_S = 5;
const CONTROL_FRAME_WINDOW_MS = 60_000;

/** What the WebSocket door is made of. */
export interface UpgradeOptions {
  /** undefined while the gateway is starting. */
  readonly core: () => GatewayCore | undefined;
  readonly codecs: readonly Codec[];
  readonly plain: Codec;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly settings: Settings;
  readonly origins: readonly string[];
  /** true: a token may come in the query string. */
  readonly queryTokens: boolean;
  readonly traffic: Traffic;
  /** true: permessage-deflate (RFC 7692) is taken where a client offers it. */
  readonly compression: boolean;
  readonly proxies: TrustedProxies;
  /** true: on a loopback address only requests for this machine are answered. */
  readonly checkHost: boolean;
}

/** Known to ws 8.23, not yet to its type declarations. */
const bounds = ({ maxFragmentsPerMessage }: Settings) => ({
  closeTimeout: CLOSE_TIMEOUT_MS,
  maxFragments: maxFragmentsPerMessage,
  maxBufferedChunks: MAX_BUFFERED_CHUNKS,
});

/**
 * Each message by itself: the same compressed frame can go to everybody, and nothing of a window is
 * kept per connection. What is inflated is held against `maxPayload` as it grows.
 */
const shareable = { serverNoContextTakeover: true, clientNoContextTakeover: true };

/** Takes upgrade requests, refuses what it must and hands sockets to the core. */
export class UpgradeDoor {
  readonly #options: UpgradeOptions;
  readonly #server: Server<typeof LinkedSocket>;
  readonly #transports = new Set<WsTransport>();
  readonly #owner: WsTransportOwner;
  readonly #headerTexts = new HeaderTexts();
  #window: Timer | undefined;
  #draining = false;

  constructor(options: UpgradeOptions) {
    this.#options = options;
    const { compressionThresholdBytes: thresholdBytes, compressionLevel: level } = options.settings;
    this.#owner = {
      logger: options.logger,
      traffic: options.traffic,
      deflate: deflating({ thresholdBytes, level }),
      gone: (transport) => this.#transports.delete(transport),
    };
    this.#server = new WebSocketServer({
      WebSocket: LinkedSocket,
      noServer: true,
      clientTracking: false,
      perMessageDeflate: options.compression && shareable,
      skipUTF8Validation: false,
      // The sockets do it themselves.
      autoPong: false,
      maxPayload: options.settings.maxMessageBytes,
      handleProtocols: (_offers, request: NegotiatedRequest) => request.subprotocol ?? false,
      ...bounds(options.settings),
    });
  }

  /** Handles one upgrade request; the caller has matched the path. */
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Until ws owns the socket its errors are ours to catch.
    const onError = (): void => void socket.destroy();
    socket.on("error", onError);
    const settled = this.#check(request);
    if (!settled.ok) {
      const { meter, logger } = this.#options;
      meter.counter(metrics.handshakesRefused, { status: String(settled.status) }).add();
      logger.warn("handshake refused", { status: settled.status, message: settled.message });
      answerRefusal(socket, settled);
      return;
    }
    const { core, negotiated } = settled;
    const marked: NegotiatedRequest = Object.assign(request, {
      subprotocol: negotiated.subprotocol,
    });
    const offer = this.#options.compression ? keepAcceptable(request.headers) : undefined;
    this.#server.handleUpgrade(marked, socket, head, (ws) => {
      socket.off("error", onError);
      const agreed = { ...negotiated, deflates: takesDeflated(offer) };
      this.#open(ws, socket, core, agreed, this.#handshakeOf(request, negotiated));
    });
  }

  /** Apart from `handle`: what refers to the request there must not live as long as the connection. */
  #open(
    ws: LinkedSocket,
    socket: Duplex,
    core: GatewayCore,
    { codec, subprotocol, deflates }: Negotiated & { readonly deflates: boolean },
    handshake: Handshake,
  ): void {
    const transport = new WsTransport(ws, socket, this.#owner, {
      codec,
      negotiated: subprotocol !== undefined,
      deflates,
    });
    this.#opened(transport);
    forgetAddress(socket);
    transport.start(core.accept(transport, handshake));
  }

  /** Refuses every further upgrade. */
  drain(): void {
    this.#draining = true;
  }

  /** Destroys what is still open. */
  close(): void {
    this.#draining = true;
    this.#window?.cancel();
    for (const transport of this.#transports) transport.terminate();
    this.#server.close();
  }

  #check(request: IncomingMessage): Refusal | Settled {
    const { headers } = request;
    const { settings, origins, codecs, plain } = this.#options;
    if (request.rawHeaders.length > 2 * MAX_HEADERS) {
      return refuse(431, `More than ${MAX_HEADERS} header lines.`);
    }
    const broken = checkHandshake(request.method, headers);
    if (broken !== undefined) return broken;
    if (this.#options.checkHost && !isForLocalHost(request)) {
      return refuse(421, "This gateway answers for this machine alone.");
    }
    const secure = request.socket instanceof TLSSocket;
    if (!originAllowed(headers.origin, headers.host, origins, secure)) {
      return refuse(403, "Pages of this origin may not connect (option `origins`).");
    }
    const negotiated = negotiate(headers["sec-websocket-protocol"], codecs, plain);
    if (!negotiated.ok) return negotiated;
    const inQuery = queryToken(request.url, this.#options.queryTokens);
    if (!inQuery.ok) return inQuery;
    const core = this.#options.core();
    const later = { "retry-after": String(RETRY_AFTER_S) };
    if (core === undefined) return refuse(503, "The gateway is starting.", later);
    if (this.#draining) return refuse(503, "The gateway is stopping.", later);
    if (this.#transports.size >= settings.maxConnections) {
      return refuse(503, "This gateway has as many connections as it may.", later);
    }
    const waitMs = core.acceptWaitMs(this.#options.proxies.clientOf(request));
    if (waitMs > 0) {
      const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
      const wait = { "retry-after": String(seconds) };
      return refuse(503, "Too many connections at once.", wait);
    }
    return { ok: true, core, negotiated: { ...inQuery, ...negotiated } };
  }

  #handshakeOf(request: IncomingMessage, { token }: Negotiated): Handshake {
    // The offer may hold a token: handlers get it as `token`, not where it could be logged. The key is a number
    // drawn for this handshake alone (RFC 6455 §4.1), which says nothing.
    const {
      "sec-websocket-protocol": _offer,
      "sec-websocket-key": _key,
      ...headers
    } = request.headers;
    const text = this.#headerTexts.of(headers);
    return new KeptHandshake(text, token, this.#options.proxies.clientOf(request));
  }

  #opened(transport: WsTransport): void {
    this.#transports.add(transport);
    this.#keepWindow();
    const { codec, negotiated } = transport;
    const labels = { codec: codec.name, handshake: negotiated ? "negotiated" : "plain" };
    this.#options.meter.counter(metrics.connectionsOpened, labels).add();
  }

  /** One timer for all connections, and only while there are some. */
  #keepWindow(): void {
    this.#window ??= this.#options.clock.after(CONTROL_FRAME_WINDOW_MS, () => {
      this.#window = undefined;
      for (const transport of this.#transports) transport.resetControlFrames();
      if (this.#transports.size > 0) this.#keepWindow();
    });
  }
}

type NegotiatedRequest = IncomingMessage & { subprotocol?: string | undefined };

interface Settled {
  readonly ok: true;
  readonly core: GatewayCore;
  readonly negotiated: Negotiated;
}

/** Leaves `ws` the one offer of compression that can be accepted, or none. */
function keepAcceptable(headers: IncomingMessage["headers"]): DeflateOffer | undefined {
  const name = "sec-websocket-extensions";
  const offer = acceptableDeflate(headers[name]);
  if (offer === undefined) delete headers[name];
  else headers[name] = offer.text;
  return offer;
}
