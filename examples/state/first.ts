import type { Client, Position } from "@holdfast/client";
import type { Contract } from "@holdfast/protocol";

/** On the server, with an API key; or anywhere, with a connection token that has `history` there. */
export async function load(http: string, channel: string, key: string) {
  const url = `${http}/api/channels/${encodeURIComponent(channel)}/state`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
  if (!response.ok) throw new Error(`the state of ${channel}: ${response.status}`);
  return (await response.json()) as { readonly state: unknown; readonly position: Position };
}

/** In the page: every publication since `position`, folded into `state`. */
export function goOn(
  client: Client<Contract>,
  channel: string,
  loaded: { readonly state: unknown; readonly position: Position },
  onState: (event: { readonly state: unknown }) => void,
) {
  return client.channel(channel).subscribe({ ...loaded, onState });
}
