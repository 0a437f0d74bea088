import type { Clock, Random } from "@holdfast/core";
import { SeededRandom } from "@holdfast/core/testing";
import type { BrokerLink, BrokerListener } from "../../contract.js";
import { Heard } from "../bench.js";
import { DrivenClock } from "./driven-clock.js";

/** A link to real servers with what it heard, on a clock that is driven. */
export interface Scene<Link extends BrokerLink = BrokerLink> {
  readonly link: Link;
  readonly heard: Heard;
  readonly clock: DrivenClock;
  /** Lets time pass, a little at a time, until something has come about; throws past `withinMs`. */
  until(come: () => boolean | Promise<boolean>, withinMs?: number): Promise<number>;
  close(): Promise<void>;
}

/** An engine as a scene needs it. */
export interface ServerBroker<Link extends BrokerLink> {
  connect(gateway: string, listener: BrokerListener): Promise<Link>;
  close(): unknown;
}

/** Faster, and answers would seem late on a busy machine. */
const usualSpeed = 4;
const pauseMs = 5;
const maxStepMs = 500;
let count = 0;

/**
 * Links to a deployment by an engine that is made on the scene's clock and chance; time passes
 * `speed` times as fast as in earnest.
 */
export async function openScene<Link extends BrokerLink>(
  engine: (parts: { readonly clock: Clock; readonly random: Random }) => ServerBroker<Link>,
  gateway: string,
  speed = usualSpeed,
): Promise<Scene<Link>> {
  count += 1;
  const clock = new DrivenClock();
  const broker = engine({ clock, random: new SeededRandom(count) });
  const heard = new Heard();
  const link = await broker.connect(gateway, heard);
  return {
    link,
    heard,
    clock,
    async until(come, withinMs = 60_000) {
      let realMs = performance.now();
      for (let passedMs = 0; ; ) {
        if (await come()) return passedMs;
        if (passedMs >= withinMs) throw new Error(`it did not come about within ${withinMs} ms`);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        const nowMs = performance.now();
        const stepMs = Math.min(maxStepMs, (nowMs - realMs) * speed);
        realMs = nowMs;
        clock.advance(stepMs);
        passedMs += stepMs;
      }
    },
    async close() {
      await broker.close();
    },
  };
}
