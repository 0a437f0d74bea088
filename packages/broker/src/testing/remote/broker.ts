import type { BrokerCapabilities } from "../../contract/capabilities.js";
import type { Broker, BrokerListener } from "../../contract.js";
import { Connection } from "./connection.js";
import { RemoteLink } from "./link.js";

/** An engine in another process of this machine. */
export interface RemoteBroker extends Broker {
  connect(gateway: string, listener: BrokerListener): Promise<RemoteLink>;
  close(): void;
}

/** Finds the engine that `serveRemoteBroker` serves; rejects when it cannot be reached. */
export async function connectRemoteBroker(port: number): Promise<RemoteBroker> {
  const capabilities = await askCapabilities(port);
  const links = new Set<RemoteLink>();
  let open = true;
  return {
    capabilities,
    async connect(gateway, listener) {
      if (!open) throw new Error("the broker was closed");
      const link = await RemoteLink.connect({
        port,
        gateway,
        listener,
        partitions: capabilities.partitions,
        leaseMs: capabilities.presenceLeaseMs,
        ended: (ended) => links.delete(ended),
      });
      links.add(link);
      return link;
    },
    close() {
      open = false;
      for (const link of [...links]) link.crash();
    },
  };
}

async function askCapabilities(port: number): Promise<BrokerCapabilities> {
  const connection = await Connection.open(
    port,
    () => {},
    () => {},
  );
  try {
    return (await connection.greet({ type: "capabilities" }, "capabilities")).capabilities;
  } finally {
    connection.cut();
  }
}
