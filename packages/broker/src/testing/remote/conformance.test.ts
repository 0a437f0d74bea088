import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { describe, test, vi } from "vitest";
import type { BrokerListener } from "../../contract.js";
import { describeBroker } from "../describe-broker.js";
import { connectRemoteBroker } from "./broker.js";
import type { RemoteLink } from "./link.js";
import { serveRemoteBroker } from "./server.js";

describeBroker(
  "memory in a process of its own",
  {
    abilities: ["clock", "crash", "pause", "wait"],
    async create() {
      const clock = new VirtualClock();
      const server = await serveRemoteBroker({ clock, random: new SeededRandom(1) });
      const remote = await connectRemoteBroker(server.port);
      const links = new Map<RemoteLink, string>();
      const settle = async () => {
        // Twice: what the engine carried out for one link is told to others.
        for (let round = 0; round < 2; round += 1) {
          await Promise.all([...links.keys()].map((link) => link.settle()));
        }
      };
      const until = (available: boolean) =>
        vi.waitFor(() => {
          for (const link of links.keys()) {
            if (link.available !== available) throw new Error("not yet");
          }
        });
      return {
        broker: {
          capabilities: remote.capabilities,
          async connect(gateway: string, listener: BrokerListener) {
            const link = await remote.connect(gateway, listener);
            links.set(link, gateway);
            return link;
          },
          close: () => remote.close(),
        },
        settle,
        advance: async (ms) => {
          await settle();
          await clock.advance(ms);
          await settle();
        },
        faults: {
          async crash(gateway) {
            const crashing = [...links].filter(([, name]) => name === gateway);
            for (const [link] of crashing) {
              await link.settle();
              link.crash();
              links.delete(link);
            }
            const open = links.size;
            await vi.waitFor(() => {
              if (server.connectionCount !== open) throw new Error("not yet");
            });
          },
          async pause() {
            server.pause();
            await until(false);
          },
          async resume() {
            server.resume();
            await until(true);
            await settle();
          },
        },
        dispose: async () => {
          remote.close();
          await server.close();
        },
      };
    },
  },
  { describe, test },
);
