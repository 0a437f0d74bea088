import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** The first of `count` neighbouring ports that are free now, for a process that cannot take port 0. */
export async function unusedPorts(count: number): Promise<number> {
  for (;;) {
    const first = await listen(0);
    const { port } = first.address() as AddressInfo;
    const others = Array.from({ length: count - 1 }, (_, index) => listen(port + 1 + index));
    const settled = await Promise.allSettled([Promise.resolve(first), ...others]);
    const servers = settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    await Promise.all(servers.map((server) => once(server.close(), "close")));
    if (servers.length === count) return port;
  }
}

async function listen(port: number) {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}
