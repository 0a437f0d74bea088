import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { expect, it } from "vitest";
import { Supervisor, type SupervisorEvent, type WorkerEvents } from "./supervisor.js";

/** Worker processes that do what a test tells them. */
class Toy {
  readonly clock = new VirtualClock();
  readonly events: SupervisorEvent[] = [];
  readonly begun: { number: number; port: number | undefined; tell: WorkerEvents }[] = [];
  readonly stopped: number[] = [];
  readonly killed: number[] = [];
  /** Ends a worker that is asked to, as one does that has nothing to drain. */
  obedient = true;
  readonly supervisor: Supervisor;

  constructor(count: number) {
    this.supervisor = new Supervisor({
      count,
      clock: this.clock,
      random: new SeededRandom(7),
      stopMs: 5_000,
      start: (number, port, tell) => {
        this.begun.push({ number, port, tell });
        return {
          pid: 100 + this.begun.length,
          stop: () => {
            this.stopped.push(number);
            if (this.obedient) tell.ended("exit code 0");
          },
          kill: () => {
            this.killed.push(number);
            tell.ended("SIGKILL");
          },
        };
      },
      onEvent: (event) => this.events.push(event),
    });
  }

  /** The process most recently begun for a worker. */
  last(number: number): WorkerEvents {
    const found = this.begun.filter((each) => each.number === number).at(-1);
    if (found === undefined) throw new RangeError(`worker ${number} has not begun`);
    return found.tell;
  }

  up(number: number): void {
    this.last(number).listening({
      url: "http://h:4000",
      webSocketUrl: "ws://h:4000/ws",
      port: 4_000,
    });
  }

  async started(count: number): Promise<void> {
    const starting = this.supervisor.start();
    for (let number = 1; number <= count; number += 1) this.up(number);
    await starting;
  }

  get numbers(): number[] {
    return this.begun.map(({ number }) => number);
  }
}

it("starts the first worker alone, then the others on its port, and says where they listen", async () => {
  const toy = new Toy(3);
  const starting = toy.supervisor.start();
  expect(toy.numbers).toEqual([1]);
  toy.up(1);
  expect(toy.numbers).toEqual([1, 2, 3]);
  expect(toy.begun.map(({ port }) => port)).toEqual([undefined, 4_000, 4_000]);
  toy.up(3);
  toy.up(2);
  expect(await starting).toMatchObject({ port: 4_000 });
  expect([...toy.supervisor.pids]).toEqual([
    [1, 101],
    [2, 102],
    [3, 103],
  ]);
});

it("says a wrong configuration once: the first worker's end is the start's end", async () => {
  const toy = new Toy(3);
  const starting = toy.supervisor.start();
  toy.last(1).ended("exit code 1");
  await expect(starting).rejects.toThrow("Worker 1 ended at the start: exit code 1.");
  expect(toy.numbers).toEqual([1]);
});

it("leaves no worker behind when a later one cannot begin", async () => {
  const toy = new Toy(3);
  const starting = toy.supervisor.start();
  toy.up(1);
  toy.last(2).ended("exit code 1");
  await expect(starting).rejects.toThrow("Worker 2");
  expect(toy.stopped).toEqual([1, 3]);
});

it("starts a worker again that ended after good service at once", async () => {
  const toy = new Toy(2);
  await toy.started(2);
  toy.clock.advance(60_000);
  toy.last(2).ended("SIGKILL");
  toy.clock.advance(0);
  expect(toy.numbers).toEqual([1, 2, 2]);
  expect(toy.begun.at(-1)?.port).toBe(4_000);
  toy.up(2);
  expect(toy.events).toEqual([
    { kind: "ended", number: 2, how: "SIGKILL", againMs: 0 },
    { kind: "again", number: 2, pid: 103 },
  ]);
});

it("waits longer each time for one that ends early, up to a bound, and forgets it after good service", async () => {
  const toy = new Toy(2);
  await toy.started(2);
  const waits: number[] = [];
  for (let times = 0; times < 200; times += 1) {
    toy.last(1).ended("exit code 1");
    const event = toy.events.at(-1);
    waits.push(event?.kind === "ended" ? event.againMs : -1);
    toy.clock.advance(30_000);
  }
  expect(Math.max(...waits.slice(0, 3))).toBeLessThanOrEqual(800);
  expect(Math.max(...waits)).toBeGreaterThan(15_000);
  expect(Math.max(...waits)).toBeLessThanOrEqual(30_000);
  toy.up(1);
  toy.clock.advance(10_000);
  toy.last(1).ended("SIGSEGV");
  expect(toy.events.at(-1)).toMatchObject({ againMs: 0 });
});

it("stops all at once and starts none again, also not one that was waiting", async () => {
  const toy = new Toy(3);
  await toy.started(3);
  toy.last(3).ended("SIGKILL");
  const stopping = toy.supervisor.stop();
  await stopping;
  expect(toy.stopped).toEqual([1, 2]);
  toy.clock.advance(60_000);
  expect(toy.numbers).toEqual([1, 2, 3]);
  expect(toy.clock.pendingTimers).toBe(0);
});

it("kills what does not end in time", async () => {
  const toy = new Toy(2);
  await toy.started(2);
  toy.obedient = false;
  const stopping = toy.supervisor.stop();
  toy.last(1).ended("exit code 0");
  toy.clock.advance(4_999);
  expect(toy.killed).toEqual([]);
  toy.clock.advance(1);
  await stopping;
  expect(toy.killed).toEqual([2]);
  expect(toy.events.at(-1)).toEqual({ kind: "killed", number: 2 });
});
