import type { Failure } from "@holdfast/protocol";
import { failure } from "@holdfast/protocol";
import type { ClusterCommand, RecentCommands } from "../contract/cluster.js";
import { isResourceName } from "../contract/names.js";
import type { MemoryLimits } from "./options.js";
import { copyData } from "./payload.js";

interface Kept {
  readonly command: ClusterCommand;
  readonly atMs: number;
}

/** The commands of the last while, so that what the relay lost can be read again. */
export class Commands {
  readonly #limits: MemoryLimits;
  /** Names this memory: cursors of another one are unknown. */
  readonly #life: string;
  #kept: Kept[] = [];
  /** Commands forgotten before the first kept one. */
  #forgotten = 0;

  constructor(limits: MemoryLimits, life: string) {
    this.#limits = limits;
    this.#life = life;
  }

  /** Keeps a command; gives the copy that is to be told. */
  keep(given: ClusterCommand, nowMs: number): ClusterCommand | Failure {
    const { id, name } = given;
    if (!isResourceName(id)) return failure("invalid_field", undefined, { field: "/id" });
    if (!isResourceName(name)) return failure("invalid_field", undefined, { field: "/name" });
    const data = given.data === undefined ? undefined : copyData(given.data);
    if (given.data !== undefined && data === undefined) return failure("invalid_data");
    if ((data?.bytes ?? 0) > this.#limits.maxCommandBytes) return failure("too_large");
    const command = { id, name, ...(data === undefined ? {} : { data: data.value }) };
    this.#forget(nowMs);
    this.#kept.push({ command, atMs: nowMs });
    return command;
  }

  since(cursor: string | undefined, nowMs: number): RecentCommands {
    this.#forget(nowMs);
    const [life, text] = cursor?.split(".") ?? [];
    const after = Number(text);
    const end = this.#forgotten + this.#kept.length;
    const complete = life === this.#life && after >= this.#forgotten && after <= end;
    const from = complete ? after - this.#forgotten : 0;
    const commands = this.#kept.slice(from).map(({ command }) => command);
    return { cursor: `${this.#life}.${end}`, complete, commands };
  }

  #forget(nowMs: number): void {
    const oldEnough = (kept: Kept) => nowMs - kept.atMs >= this.#limits.commandWindowMs;
    let drop = Math.max(0, this.#kept.length - this.#limits.maxCommands);
    for (let kept = this.#kept[drop]; kept !== undefined && oldEnough(kept); ) {
      drop += 1;
      kept = this.#kept[drop];
    }
    if (drop === 0) return;
    this.#kept.splice(0, drop);
    this.#forgotten += drop;
  }
}
