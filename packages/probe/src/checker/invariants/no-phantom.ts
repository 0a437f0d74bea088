import { defineInvariant } from "../invariant.js";
import type { PublishOperation } from "../operations.js";

/** Only what somebody published to the channel is delivered, and nothing that definitely failed. */
export const noPhantom = defineInvariant(
  "no-phantom",
  "Nothing is delivered that nobody published there, or whose publish definitely failed.",
  (history, report) => {
    for (const event of history.events) {
      if (event.kind !== "delivered" && event.kind !== "ephemeral") continue;
      const operations = history.operations.ofToken(event.channel, event.token);
      const first = operations[0];
      const says = `${event.client} was handed ${event.token} on ${event.channel}`;
      if (first === undefined) {
        report(`${says}, which nobody published there`, event);
      } else if (first.invoked.seq > event.seq) {
        report(`${says} before it was published`, event, first.invoked);
      } else if (operations.every(hasFailed)) {
        report(
          `${says}, although its publisher was told that it failed`,
          first.invoked,
          first.settled,
          event,
        );
      } else if (event.kind === "delivered" && !isStored(operations)) {
        report(
          `${says} as a stored publication, but it was an ephemeral one`,
          first.invoked,
          event,
        );
      }
    }
  },
);

function hasFailed({ settled }: PublishOperation): boolean {
  return settled?.outcome === "failed";
}

function isStored(operations: readonly PublishOperation[]): boolean {
  return operations.some(({ invoked }) => invoked.ephemeral !== true);
}
