import type { Subjects } from "../subjects.js";
import { askApi } from "./api.js";
import type { Connection } from "./connection.js";
import { StoreError } from "./errors.js";

/**
 * Tries what a link will do only later, and without an answer: hearing what is told, and telling.
 * Rejects with a StoreError where the user may not.
 */
export async function judgeRights(
  { commands, relay }: { readonly commands: Connection; readonly relay: Connection },
  subjects: Subjects,
  link: string,
  timeoutMs: number,
): Promise<void> {
  const trial = subjects.trial(link);
  for (const connection of [commands, relay]) {
    const stop = connection.hear(trial, () => {});
    connection.tell(trial, "");
    // The server complains before it answers what comes after.
    const answered = await connection.flushed(timeoutMs);
    stop();
    if (connection.forbidden !== undefined) throw connection.forbidden;
    if (!answered) throw new StoreError("unknown", "the server does not answer");
  }
  await askApi(commands, "INFO");
}
