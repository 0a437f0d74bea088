import type { FanoutHelper } from "@holdfast/gateway/internal";

/** What a gateway of this installation would make use of, a line each. */
export function installation(helper: FanoutHelper): readonly string[] {
  const { platform, arch, versions } = process;
  const fanout =
    "send" in helper
      ? "native: one crossing into C for up to 1,024 sockets."
      : `JavaScript: one system call from JavaScript for each socket. No native helper: ${helper.reason}.`;
  return [`node     ${versions.node} on ${platform}-${arch}`, `fan-out  ${fanout}`];
}
