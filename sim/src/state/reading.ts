import { type HistoryFact, stateDigest } from "@holdfast/probe";
import type { Position } from "@holdfast/protocol";
import { tokenFor } from "../world/credentials.js";
import type { GatewayNode } from "../world/gateway.js";
import { kindOf } from "./kinds.js";

/** Who reads, through which gateway. */
export interface StateReading {
  readonly client: string;
  readonly channel: string;
  readonly op: string;
  readonly gateway: GatewayNode;
  readonly record: (fact: HistoryFact) => void;
}

/** Reads a state over HTTP and records what it showed; `undefined` where it was refused. */
export async function readStateOverHttp({
  client,
  channel,
  op,
  gateway,
  record,
}: StateReading): Promise<{ readonly position: Position; readonly state: unknown } | undefined> {
  const place = { client, channel, op };
  // The application's snapshot may be older than what was acknowledged; the rest is to be streamed.
  const showsNewest = kindOf(channel) !== "book";
  if (showsNewest) record({ kind: "read", ...place });
  const read = await gateway.readState(channel, tokenFor(client, 0));
  if (!read.ok) {
    if (showsNewest) record({ kind: "readDone", ...place, outcome: "failed" });
    return undefined;
  }
  const { position, state } = read;
  const { epoch, offset } = position;
  if (showsNewest) record({ kind: "readDone", ...place, outcome: "ok", epoch, top: offset });
  const observer = `http of ${gateway.name}`;
  record({ kind: "state", observer, channel, epoch, offset, digest: stateDigest(state) });
  return { position, state };
}
