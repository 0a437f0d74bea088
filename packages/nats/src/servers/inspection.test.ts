import type { ServerInfo } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { judgeServer, warningOf } from "./inspection.js";

/** What a server says of itself, as far as it is judged. */
function info(version: string): ServerInfo {
  const said: Partial<ServerInfo> = {
    version,
    headers: true,
    jetstream: true,
    max_payload: 1_048_576,
  };
  return said as ServerInfo;
}

test.each(["2.9.0", "2.10.27", "2.12.1", "2.15.3", "3.0.0"])("version %s will do", (version) => {
  expect(() => judgeServer(info(version))).not.toThrow();
});

test.each(["2.8.4", "1.4.1", "2.2.0"])("version %s is refused with the way out", (version) => {
  expect(() => judgeServer(info(version))).toThrow(
    `the server is of version ${version}, and following a channel by what a stream republishes, which every channel rule needs, works from 2.9 on. Use a newer server`,
  );
});

test("clusters that lose what they acknowledged are warned of, with the way out, and single servers are not", () => {
  const cluster = "c";
  const warning = warningOf({ ...info("2.9.10"), cluster });
  expect(warning).toMatch(/^The NATS engine: .* version 2\.9\.10, .*Use 2\.10 or later/);
  expect(warningOf({ ...info("2.9.25"), cluster })).toBeDefined();
  for (const version of ["2.10.0", "2.12.15", "3.0.0", "12.1.0"]) {
    expect(warningOf({ ...info(version), cluster })).toBeUndefined();
  }
  expect(warningOf(info("2.9.10"))).toBeUndefined();
});
