import type { Random } from "@holdfast/core";
import type { HistoryFact } from "../checker/history.js";
import type { FaultInjector } from "../verify/settings.js";
import type { Fleet } from "./fleet.js";
import type { LinkProxy, ProxyLink } from "./link-proxy.js";

/** Kinds of fault that are injected. */
export type FaultKind = "kill" | "stop" | "drain" | "cut" | "stall" | "half-open" | "slow";

/** What faults are injected into. */
export const faultTargets = ["gateways", "links", "engine", "engine-links"] as const;

/** One of them. */
export type FaultTarget = (typeof faultTargets)[number];

/** Something that can be done to an engine of a run's own. */
export interface EngineFault {
  readonly name: string;
  /** Does it and mends it; `pause` waits, shorter when everything is to end. */
  carryOut(pause: (ms: number) => Promise<void>): Promise<void>;
  /** Waits until the engine has mended itself of the fault before, which is no part of this one. */
  whenMended?(): Promise<void>;
  /** Servers that are left stand in for the one that it hits. */
  readonly hasStandIn?: boolean;
}

/** An engine that is harmed too. */
export interface HarmedEngine {
  /** Carried out in turn, one at a time. */
  readonly faults: readonly EngineFault[];
  /** What the gateways reach the engine's servers through; none: their links are spared. */
  readonly proxies: readonly LinkProxy[];
}

/** What a director is made of. */
export interface FaultDirectorOptions {
  readonly random: Random;
  readonly fleet: Fleet;
  readonly proxy: LinkProxy;
  /** How long a stopped gateway stays stopped: past every timeout of the system. */
  readonly stopMs: number;
  readonly engine?: HarmedEngine;
  /** What is harmed; default: everything there is. */
  readonly targets?: readonly FaultTarget[];
}

/** The processes' faults, in turn. */
const processFaults = ["kill", "kill", "stop", "kill", "drain"] as const;
const processFaultEveryMs = 2_400;
/** Another try when too few gateways are up for a fault. */
const processRetryMs = 200;
const linkFaultEveryMs = 250;
/** Pause between two faults of the engine. */
const engineFaultEveryMs = 6_000;
const engineLinkFaultEveryMs = 1_500;
const restartAfterMs = 300;
/** A cut comes after up to so many bytes: within a handshake, a frame or a replay. */
const maxCutBytes = 4_000;
const maxStallMs = 5_000;
const halfOpenMs = 7_000;
const slowMs = 3_000;
const slowBytesPerSecond = 2_000;
/** Patience for an engine that mends itself. */
const maxMendingMs = 60_000;

/** Injects faults into gateways and links, in turn and by chance, and ends them all. */
export class FaultDirector implements FaultInjector {
  readonly #options: FaultDirectorOptions;
  readonly #engineCounts: Record<string, number> = {};
  readonly #counts: Record<FaultKind, number> = {
    kill: 0,
    stop: 0,
    drain: 0,
    cut: 0,
    stall: 0,
    "half-open": 0,
    slow: 0,
  };
  /** Faults of processes that are not over yet. */
  readonly #underWay = new Set<Promise<void>>();
  #record: (fact: HistoryFact) => void = () => {};
  #turn = 0;
  #processTimer: NodeJS.Timeout | undefined;
  #linkTimer: NodeJS.Timeout | undefined;
  #engineTimer: NodeJS.Timeout | undefined;
  #engineLinkTimer: NodeJS.Timeout | undefined;
  #engineTurn = 0;
  #ending = new AbortController();

  constructor(options: FaultDirectorOptions) {
    this.#options = options;
  }

  get counts(): Readonly<Record<string, number>> {
    return { ...this.#counts, ...this.#engineCounts };
  }

  get findings(): readonly string[] {
    return this.#options.fleet.findings;
  }

  start(record: (fact: HistoryFact) => void): void {
    this.#record = record;
    const { engine, targets = faultTargets } = this.#options;
    const isMeant = (target: FaultTarget) => targets.includes(target);
    if (isMeant("gateways")) this.#nextProcessFault(processFaultEveryMs);
    if (isMeant("links")) this.#linkTimer = setInterval(() => this.#linkFault(), linkFaultEveryMs);
    if (engine === undefined) return;
    if (isMeant("engine")) this.#nextEngineFault(engine);
    if (!isMeant("engine-links")) return;
    this.#engineLinkTimer = setInterval(
      () => this.#engineLinkFault(engine),
      engineLinkFaultEveryMs,
    );
  }

  async stop(): Promise<void> {
    clearTimeout(this.#processTimer);
    clearInterval(this.#linkTimer);
    clearTimeout(this.#engineTimer);
    clearInterval(this.#engineLinkTimer);
    this.#ending.abort();
    await Promise.all(this.#underWay);
    // What a link still has to bear would otherwise outlast the healing.
    const { proxy, engine } = this.#options;
    for (const link of [...proxy.links, ...linksOf(engine)]) {
      if (link.faulty) link.destroy();
    }
  }

  #nextProcessFault(afterMs: number): void {
    this.#processTimer = setTimeout(() => {
      const done = this.#processFault();
      this.#nextProcessFault(done ? processFaultEveryMs : processRetryMs);
    }, afterMs);
  }

  /** false: no gateway can be spared now. */
  #processFault(): boolean {
    const { fleet } = this.#options;
    const { up } = fleet;
    const name = this.#pick(up);
    const kind = processFaults[this.#turn % processFaults.length];
    if (name === undefined || kind === undefined || (up.length < 2 && fleet.size > 1)) return false;
    this.#turn += 1;
    this.#counts[kind] += 1;
    const fault = `gateway ${kind}`;
    this.#record({ kind: "fault", fault, phase: "begin", engine: false, target: name });
    const work = this.#carryOut(kind, name)
      .catch((cause: unknown) => {
        fleet.findings.push(cause instanceof Error ? cause.message : String(cause));
      })
      .then(() => {
        this.#record({ kind: "fault", fault, phase: "heal", engine: false, target: name });
        this.#underWay.delete(work);
      });
    this.#underWay.add(work);
    return true;
  }

  async #carryOut(kind: (typeof processFaults)[number], name: string): Promise<void> {
    const { fleet, stopMs } = this.#options;
    if (kind === "stop") {
      fleet.stop(name);
      await this.#pause(stopMs);
      fleet.continue(name);
      return;
    }
    if (kind === "kill") await fleet.kill(name);
    else await fleet.drain(name);
    await this.#pause(restartAfterMs);
    await fleet.restart(name);
  }

  #linkFault(): void {
    const { random, proxy } = this.#options;
    const link = this.#pick([...proxy.links].filter(({ faulty }) => !faulty));
    if (link === undefined) return;
    const chance = random.next();
    if (chance < 0.4) {
      this.#counts.cut += 1;
      const direction = random.next() < 0.75 ? "down" : "up";
      link.cutAfter(1 + Math.floor(random.next() * maxCutBytes), direction);
    } else if (chance < 0.6) {
      this.#counts.stall += 1;
      link.stall(Math.ceil(random.next() * maxStallMs));
    } else if (chance < 0.75) {
      this.#counts["half-open"] += 1;
      link.halfOpen(halfOpenMs);
    } else {
      this.#counts.slow += 1;
      link.slow(slowBytesPerSecond, slowMs);
    }
  }

  #nextEngineFault(engine: HarmedEngine): void {
    const fault = engine.faults[this.#engineTurn % engine.faults.length];
    if (fault === undefined) return;
    this.#engineTimer = setTimeout(() => {
      this.#engineTurn += 1;
      const work = this.#harm(fault).then(() => {
        this.#underWay.delete(work);
        if (!this.#ending.signal.aborted) this.#nextEngineFault(engine);
      });
      this.#underWay.add(work);
    }, engineFaultEveryMs);
  }

  async #harm({ name, carryOut, whenMended, hasStandIn }: EngineFault): Promise<void> {
    const fault = `engine ${name}`;
    const fact = {
      kind: "fault",
      fault,
      engine: true,
      target: "engine",
      mendsFrom: hasStandIn === true ? "begin" : "heal",
    } as const;
    try {
      await Promise.race([whenMended?.(), this.#pause(maxMendingMs)]);
      if (this.#ending.signal.aborted) return;
      this.#engineCounts[fault] = (this.#engineCounts[fault] ?? 0) + 1;
      this.#record({ ...fact, phase: "begin" });
      await carryOut((ms) => this.#pause(ms));
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      this.#options.fleet.findings.push(`${fault}: ${message}`);
    }
    this.#record({ ...fact, phase: "heal" });
  }

  #engineLinkFault(engine: HarmedEngine): void {
    const { random } = this.#options;
    const link = this.#pick(linksOf(engine).filter(({ faulty }) => !faulty));
    if (link === undefined) return;
    const kind = this.#pick(["cut", "stall", "half-open"] as const) ?? "cut";
    const fault = `engine link ${kind}`;
    const count = (this.#engineCounts[fault] ?? 0) + 1;
    this.#engineCounts[fault] = count;
    let lastsMs = 0;
    if (kind === "cut") {
      const direction = random.next() < 0.75 ? "down" : "up";
      link.cutAfter(1 + Math.floor(random.next() * maxCutBytes), direction);
    } else if (kind === "stall") {
      lastsMs = Math.ceil(random.next() * maxStallMs);
      link.stall(lastsMs);
    } else {
      lastsMs = halfOpenMs;
      link.halfOpen(lastsMs);
    }
    // What is lost on the way to an engine excuses no reset.
    const fact = { kind: "fault", fault, engine: false, target: `link ${count}` } as const;
    this.#record({ ...fact, phase: "begin" });
    const work = this.#pause(lastsMs).then(() => {
      this.#record({ ...fact, phase: "heal" });
      this.#underWay.delete(work);
    });
    this.#underWay.add(work);
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#options.random.next() * items.length)];
  }

  /** Shorter when everything is to end. */
  #pause(ms: number): Promise<void> {
    const { signal } = this.#ending;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener("abort", done);
    });
  }
}

function linksOf(engine: HarmedEngine | undefined): ProxyLink[] {
  return (engine?.proxies ?? []).flatMap(({ links }) => [...links]);
}
