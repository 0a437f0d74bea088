import {
  type Done,
  isResourceName,
  type LeaseOutcome,
  type LeaseRelease,
  type LeaseRenewal,
  type LeaseRequest,
} from "@holdfast/broker";
import type { Clock } from "@holdfast/core";
import { type Failure, failure } from "@holdfast/protocol";
import { failureOf } from "./failures.js";
import type { Keys } from "./keys.js";
import type { RedisLimits } from "./limits.js";
import { acquireLeaseScript, renewLeaseScript } from "./scripts/fenced_leases.js";
import { textOf } from "./servers/replies.js";
import type { Servers } from "./servers/servers.js";

/** How long a name's token is remembered after its lease: the farthest the clock may be set back. */
const tokenMemoryMs = 86_400_000;

const wrong = (field: string): Failure => failure("invalid_field", undefined, { field });

/** Leases with fencing tokens. */
export class Leases {
  readonly #servers: Servers;
  readonly #keys: Keys;
  readonly #limits: RedisLimits;
  readonly #clock: Clock;

  constructor(servers: Servers, keys: Keys, limits: RedisLimits, clock: Clock) {
    this.#servers = servers;
    this.#keys = keys;
    this.#limits = limits;
    this.#clock = clock;
  }

  async acquire({ name, holder, ttlMs }: LeaseRequest): Promise<LeaseOutcome> {
    const refused = this.#judge(name, ttlMs);
    if (refused !== undefined) return refused;
    if (!isResourceName(holder)) return wrong("/holder");
    const beganMs = this.#clock.monoMs();
    try {
      const args = [holder, Math.ceil(ttlMs), tokenMemoryMs];
      const reply = await this.#servers.run(acquireLeaseScript, [this.#keys.lease(name)], args);
      const [word, number] = textOf(reply).split(" ");
      if (word === "h") return failure("lease_held", undefined, { retryAfterMs: Number(number) });
      return { ok: true, name, token: Number(number), expiresAtMs: beganMs + ttlMs };
    } catch (error) {
      return failureOf(error);
    }
  }

  async renew({ name, token, ttlMs }: LeaseRenewal): Promise<LeaseOutcome> {
    const refused = this.#judge(name, ttlMs);
    if (refused !== undefined) return refused;
    const beganMs = this.#clock.monoMs();
    const done = await this.#extend(name, token, Math.ceil(ttlMs));
    return done.ok ? { ok: true, name, token, expiresAtMs: beganMs + ttlMs } : done;
  }

  async release({ name, token }: LeaseRelease): Promise<Done> {
    return isResourceName(name) ? await this.#extend(name, token, 0) : wrong("/name");
  }

  async #extend(name: string, token: number, ttlMs: number): Promise<Done> {
    try {
      const args = [token, ttlMs, tokenMemoryMs];
      const reply = await this.#servers.run(renewLeaseScript, [this.#keys.lease(name)], args);
      return textOf(reply) === "a" ? { ok: true } : failure("lease_lost");
    } catch (error) {
      return failureOf(error);
    }
  }

  #judge(name: string, ttlMs: number): Failure | undefined {
    if (!isResourceName(name)) return wrong("/name");
    return ttlMs >= 1 && ttlMs <= this.#limits.maxLeaseMs ? undefined : wrong("/ttlMs");
  }
}
