import type { Client } from "@holdfast/client";
import type { Contract } from "@holdfast/protocol";

export interface Board {
  readonly title?: string;
  readonly cards?: Readonly<Record<string, { readonly text: string }>>;
}

export async function showBoard(
  client: Client<Contract>,
  render: (board: Board | null) => void,
  signal: AbortSignal,
): Promise<void> {
  const channel = client.channel("board:main");
  await channel.subscribe<Board | null>({
    signal,
    onState: ({ state }) => render(state ?? null), // the snapshot, and after each publication
  });
  await channel.publish({ title: "Tea room" });
  await channel.publish({ cards: { c1: { text: "Buy tea" }, c0: null } });
}
