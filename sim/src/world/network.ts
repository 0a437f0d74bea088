import type { OpenSocket } from "@holdfast/client/internal";
import type { SeededRandom } from "@holdfast/core/testing";
import type { Subscribed } from "@holdfast/protocol";
import { Link, type LinkWatch } from "../link/link.js";
import { ClientSocket } from "../net/client-socket.js";
import type { Plan } from "../plan/plan.js";
import type { SimProcess } from "../process/process.js";
import type { Coverage } from "./coverage.js";
import type { GatewayNode } from "./gateway.js";
import type { SharedWorld } from "./shared.js";

const abnormal = 1006;

/** Where a frame comes from. */
export interface Origin {
  readonly link: Link;
  readonly gateway: GatewayNode;
}

/** What an application's network tells it, beyond what its client does. */
export interface NetworkEnd {
  readonly process: SimProcess;
  readonly name: string;
  /** A frame of the gateway's has arrived, before the client reads it. */
  onFrame(from: Origin): void;
  /** The gateway ended the connection that the client has, whether or not the client is told. */
  onEndedAtGateway(gateway: string): void;
  /** A planned cut hit this client. */
  onCut(midMessage: boolean): void;
}

/** The network between all clients and gateways, and the balancer in front of them. */
export class Network {
  readonly links = new Set<Link>();
  readonly #world: SharedWorld;
  readonly #plan: Plan;
  readonly #gateways: readonly GatewayNode[];
  readonly #random: SeededRandom;
  readonly #coverage: Coverage;
  /** Cuts that wait for a replay; the second one is for the same application. */
  #replayCut: { left: number; readonly bytes: number; name: string | undefined } | undefined;

  constructor(
    world: SharedWorld,
    plan: Plan,
    gateways: readonly GatewayNode[],
    random: SeededRandom,
    coverage: Coverage,
  ) {
    this.#world = world;
    this.#plan = plan;
    this.#gateways = gateways;
    this.#random = random;
    this.#coverage = coverage;
  }

  /** Opens sockets for one application. */
  opener(end: NetworkEnd): OpenSocket {
    return (_url, subprotocols, events) => {
      const { latencyMs, bytesPerMs } = this.#plan;
      const reachable = this.#gateways.filter((gateway) => gateway.listening);
      const gateway = reachable.length === 0 ? undefined : this.#random.pick(reachable);
      const quality = { latencyMs: 1 + this.#random.int(latencyMs), bytesPerMs };
      const link = new Link(
        this.#world.clock,
        { up: quality, down: quality },
        this.#watch(end, gateway),
      );
      if (gateway === undefined) {
        // Refused: nobody listens.
        end.process.clock.after(latencyMs, () => events.onClose(abnormal, ""));
        return { bufferedBytes: 0, send: () => {}, close: () => {}, drop: () => {} };
      }
      this.links.add(link);
      gateway.accept(link);
      return new ClientSocket(link, end.process, subprotocols, events);
    };
  }

  /** A gateway that answers requests, if there is one. */
  reachable(): GatewayNode | undefined {
    const ready = this.#gateways.filter((gateway) => gateway.listening && gateway.running);
    return ready.length === 0 ? undefined : this.#random.pick(ready);
  }

  /** One of the open links, by any number. */
  pick(target: number): Link | undefined {
    const links = [...this.links];
    return links[target % Math.max(1, links.length)];
  }

  /** Cuts the next replay after some bytes of it, and, `times` 2, the one that goes on from there. */
  cutReplay(bytes: number, times: number): void {
    this.#replayCut = { left: times, bytes, name: undefined };
  }

  /** What was broken without anybody being told is found out now; what was held back goes on. */
  heal(): void {
    this.#replayCut = undefined;
    for (const link of [...this.links]) {
      link.mend();
      if (link.halfOpen) link.reset();
    }
  }

  #watch(end: NetworkEnd, gateway: GatewayNode | undefined): LinkWatch {
    return {
      arrived: (link, direction, message) => {
        if (message.kind !== "text" || gateway === undefined) return;
        if (direction === "down") end.onFrame({ link, gateway });
        else if (link.stranded && message.text.startsWith('{"type":"publish"')) {
          this.#coverage.hit("publish-arrived-late");
        }
      },
      cut: (_link, _direction, midMessage) => {
        if (midMessage) this.#coverage.hit("cut-mid-message");
        end.onCut(midMessage);
      },
      endedAtGateway: () => end.onEndedAtGateway(gateway?.name ?? ""),
      ended: (link) => {
        this.links.delete(link);
        gateway?.ended(link);
      },
    };
  }

  /** A subscription begins or comes back: the moment to cut its replay, if that is due. */
  subscribed({ position, top = 0 }: Subscribed, link: Link, name: string): void {
    const wanted = this.#replayCut;
    if (wanted === undefined) return;
    if (top <= (position?.offset ?? top) || (wanted.name ?? name) !== name) return;
    wanted.name = name;
    wanted.left -= 1;
    if (wanted.left === 0) this.#replayCut = undefined;
    link.cutAfter("down", wanted.bytes, false);
  }
}
