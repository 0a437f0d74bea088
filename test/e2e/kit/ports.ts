import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** The first of `count` neighbouring ports that are free now, for a process that cannot take port 0. */
export async function unusedPorts(count: number): Promise<number> {
  for (;;) {
    // Below what the system itself hands out, which another test may be given a moment later.
    const port = randomInt(15_000, 31_000);
    const tried = Array.from({ length: count }, (_, index) => listen(port + index));
    const settled = await Promise.allSettled(tried);
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
