import type { Client } from "@holdfast/client";
import { createGateway } from "@holdfast/gateway";
import type { Contract, StateSnapshot } from "@holdfast/protocol";

export type Moves = readonly string[];

/** A database that commits data and position in one step. */
export interface Database {
  read(channel: string): Promise<StateSnapshot | undefined>;
  commit(channel: string, snapshot: StateSnapshot): Promise<void>;
}

export function gamesOf(database: Database) {
  const gateway = createGateway({
    anonymous: { "game:*": ["subscribe"] },
    channels: {
      "game:*": {
        state: {
          handler: async ({ channel }) => (await database.read(channel)) ?? { snapshot: [] },
        },
      },
    },
  });
  const move = async (channel: string, played: string): Promise<boolean> => {
    const before = (await database.read(channel))?.snapshot ?? [];
    const published = await gateway.publish(channel, played);
    if (!published.ok || "ephemeral" in published) return false;
    const { epoch, offset, id } = published;
    const snapshot = [...(before as Moves), played];
    await database.commit(channel, { snapshot, position: { epoch, offset, id } });
    return true;
  };
  return { gateway, move };
}

/** In the page: what a move does to the state is yours to say. */
export function follow(client: Client<Contract>, channel: string, show: (moves: Moves) => void) {
  return client.channel(channel).subscribe<Moves>({
    reduce: (moves, { data }) => [...moves, String(data)],
    onState: ({ state }) => state !== undefined && show(state),
  });
}
