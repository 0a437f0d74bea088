import type { Backup, FaultyMemoryBroker, OperationFate } from "@holdfast/broker/testing";
import type { SeededRandom } from "@holdfast/core/testing";
import { engineFaults, type Fault } from "../plan/faults.js";
import type { Audit } from "./audit.js";
import type { Coverage } from "./coverage.js";
import type { GatewayNode } from "./gateway.js";
import type { Network } from "./network.js";
import type { SharedWorld } from "./shared.js";

/** How long an operation of a slow engine takes at most: mostly a little, sometimes as long as a reconnect. */
const slowMs = [200, 200, 200, 3_000];

/** What a client sends last over a link that is stranded. */
const stranded = ["publish", "publish", "presence_enter"];

/** What faults are done to. */
export interface InjectorDeps {
  readonly world: SharedWorld;
  readonly broker: FaultyMemoryBroker;
  readonly gateways: readonly GatewayNode[];
  readonly network: Network;
  readonly audit: Audit;
  readonly coverage: Coverage;
  readonly random: SeededRandom;
}

/** Carries out a plan's faults at their times, and ends all of them. */
export class Injector {
  readonly #deps: InjectorDeps;
  readonly #ending = new Set<() => void>();
  #slowOperations = 0;
  #lostReplies = 0;
  #backup: Backup | undefined;

  constructor(deps: InjectorDeps) {
    this.#deps = deps;
  }

  schedule(faults: readonly Fault[]): void {
    const { world, broker } = this.#deps;
    for (const fault of faults) world.clock.after(fault.atMs, () => this.#begin(fault));
    const takeAtMs = Math.min(...faults.map(({ atMs }) => atMs)) / 2;
    if (faults.length > 0) {
      world.clock.after(takeAtMs, () => {
        this.#backup = broker.backup();
      });
    }
  }

  /** What becomes of an operation on the engine while it is slow or answers get lost. */
  operation(): OperationFate | undefined {
    const { random } = this.#deps;
    if (this.#lostReplies > 0 && random.chance(0.1)) {
      return { delayMs: 5, lost: random.chance(0.5) ? "reply" : "request" };
    }
    if (this.#slowOperations > 0 && random.chance(0.5)) {
      return { delayMs: random.int(random.pick(slowMs)), replyDelayMs: random.int(200) };
    }
    return undefined;
  }

  /** Everything that still lasts ends now. */
  heal(): void {
    for (const end of [...this.#ending]) end();
    for (const gateway of this.#deps.gateways) {
      gateway.goOn();
      gateway.start();
    }
    this.#deps.network.heal();
  }

  #begin(fault: Fault): void {
    const happened = this.#carryOut(fault);
    if (!happened) return;
    this.#deps.coverage.hit(`fault:${fault.kind}`);
  }

  /** false: there was nothing it could be done to. */
  #carryOut(fault: Fault): boolean {
    const { gateways, network } = this.#deps;
    const gateway = gateways[fault.target % gateways.length];
    const link = network.pick(fault.target);
    if (gateway === undefined) return false;
    switch (fault.kind) {
      case "cut":
      case "half-open": {
        if (link === undefined) return false;
        this.#note(fault, "begin");
        const halfOpen = fault.kind === "half-open";
        if (!halfOpen && fault.target % 3 === 0) network.cutReplay(fault.amount % 400, 2);
        link.cutAfter(fault.target % 4 === 0 ? "up" : "down", fault.amount, halfOpen);
        this.#note(fault, "heal");
        return true;
      }
      case "strand":
        if (link === undefined || link.halfOpen || link.stranded) return false;
        this.#note(fault, "begin");
        link.strandAt(`{"type":"${stranded[fault.target % stranded.length]}"`, fault.forMs);
        this.#note(fault, "heal");
        return true;
      case "stall": {
        if (link === undefined) return false;
        const direction = fault.target % 3 === 0 ? "up" : "down";
        link.stall(direction);
        this.#lasting(fault, () => link.resume(direction));
        return true;
      }
      case "kill":
        if (!gateway.alive) return false;
        gateway.kill();
        this.#lasting(fault, () => gateway.start());
        return true;
      case "stop":
        if (!gateway.running) return false;
        gateway.stop();
        if (fault.forMs > 30_000) this.#deps.coverage.hit("lease-lost");
        this.#lasting(fault, () => gateway.goOn());
        return true;
      case "drain":
        if (!gateway.listening || !gateway.running) return false;
        gateway.drain(1_000);
        this.#lasting({ ...fault, forMs: fault.forMs + 7_000 }, () => gateway.start());
        return true;
      case "clock-jump":
        gateway.jumpWall(fault.amount);
        return true;
      default:
        return this.#onEngine(fault, gateway);
    }
  }

  #onEngine(fault: Fault, gateway: GatewayNode): boolean {
    const { broker, audit, gateways, world } = this.#deps;
    switch (fault.kind) {
      case "relay-loss": {
        const { name } = gateway;
        broker.cutRelay(name);
        this.#lasting(fault, () => broker.mendRelay(name));
        return true;
      }
      case "slow-engine":
        this.#slowOperations += 1;
        this.#lasting(fault, () => {
          this.#slowOperations -= 1;
        });
        return true;
      case "lost-replies":
        this.#lostReplies += 1;
        this.#lasting(fault, () => {
          this.#lostReplies -= 1;
        });
        return true;
      case "unreachable":
        if (world.engineDown) return false;
        world.engineDown = true;
        for (const each of gateways) broker.pause(each.name);
        this.#lasting(fault, () => {
          world.engineDown = false;
          for (const each of gateways) if (each.running) broker.resume(each.name);
        });
        return true;
      case "engine-restart":
        return this.#abruptly(fault, () => broker.restart());
      case "engine-wipe":
        return this.#abruptly(fault, () => broker.wipe());
      case "failover":
        return this.#abruptly(fault, () => broker.failover(fault.amount));
      case "old-backup": {
        const backup = this.#backup;
        if (backup === undefined) return false;
        this.#backup = undefined;
        return this.#abruptly(fault, () => broker.restore(backup));
      }
      default:
        audit.pollAll(fault.kind);
        return false;
    }
  }

  /** Done in one step; what the engine holds afterwards is recorded before anybody acts on it. */
  #abruptly(fault: Fault, act: () => void): boolean {
    const { audit, broker, gateways, world } = this.#deps;
    this.#note(fault, "begin");
    // What was trimmed since the last entry would be forgotten with the life it was trimmed in.
    audit.pollAll(fault.kind);
    act();
    audit.pollAll(fault.kind);
    // The engine's own outage ends with everybody in reach again; who was not before is not now.
    for (const each of gateways) {
      if (each.alive && (world.engineDown || !each.running)) broker.pause(each.name);
    }
    this.#note(fault, "heal");
    return true;
  }

  #lasting(fault: Fault, undo: () => void): void {
    this.#note(fault, "begin");
    const end = (): void => {
      if (!this.#ending.delete(end)) return;
      undo();
      this.#note(fault, "heal");
    };
    this.#ending.add(end);
    this.#deps.world.clock.after(fault.forMs, end);
  }

  #note({ kind, target }: Fault, phase: "begin" | "heal"): void {
    this.#deps.world.recorder.record({
      kind: "fault",
      fault: kind,
      phase,
      engine: engineFaults.has(kind),
      target: String(target),
    });
  }
}
