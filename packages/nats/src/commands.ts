import {
  type ClusterCommand,
  type Done,
  isResourceName,
  type RecentCommands,
} from "@holdfast/broker";
import { copyData } from "@holdfast/broker/internal";
import { type Failure, failure } from "@holdfast/protocol";
import { failureOf, wrong } from "./failures.js";
import { type Parts, storeAt } from "./parts.js";
import { Retelling } from "./retelling.js";
import type { Stored } from "./servers/api.js";
import type { StreamStore } from "./servers/store.js";

interface Kept {
  readonly command: ClusterCommand;
  readonly atMs: number;
}

/** Cluster-wide commands: told to every link, and kept for a while to be read again. */
export class Commands {
  readonly #parts: Parts;
  readonly #store: StreamStore;
  readonly #retelling: Retelling;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#store = storeAt(parts, 0);
    const { clock, commands, limits, subjects } = parts;
    this.#retelling = new Retelling({
      clock,
      maxCount: limits.maxCommands,
      tell: (text) => commands.tell(subjects.commandRelay, text),
    });
  }

  /** Listens for other gateways that were cut off. */
  open(): void {
    const { relay, subjects } = this.#parts;
    relay.hear(subjects.commandsMissed, () => this.#retelling.tellAll());
  }

  close(): void {
    this.#retelling.close();
  }

  /** A command as the relay brings it. */
  hear(text: string): ClusterCommand {
    const { command } = JSON.parse(text) as Kept;
    this.#retelling.heard(command.id);
    return command;
  }

  /** What is asked by is there again: what was told meanwhile may not have gone out. */
  regained(): void {
    this.#retelling.tellAll();
  }

  /** What is heard by is there again: what was told meanwhile has been missed. */
  missed(): void {
    const { relay, subjects } = this.#parts;
    if (relay.available) relay.tell(subjects.commandsMissed, "");
  }

  async broadcast(given: ClusterCommand): Promise<Done> {
    const command = this.#judged(given);
    if ("ok" in command) return command;
    const kept: Kept = { command, atMs: this.#parts.nowMs() };
    const text = JSON.stringify(kept);
    this.#retelling.begun(command.id, text);
    try {
      await this.#store.put(this.#parts.subjects.commands, text);
      this.#retelling.stored(command.id);
      return { ok: true };
    } catch (error) {
      this.#retelling.failed(command.id);
      return failureOf(error);
    }
  }

  /** A cursor is the stream's generation, the newest command's sequence and when that was looked at. */
  async since(cursor: string | undefined): Promise<RecentCommands | Failure> {
    const { nowMs, limits, subjects } = this.#parts;
    const { generation, after, atMs } = readCursor(cursor);
    try {
      const last = await this.#store.last(subjects.commands);
      const now = nowMs();
      const top = last?.seq ?? 0;
      const known =
        generation === this.#store.generation &&
        now - atMs < limits.commandWindowMs &&
        after <= top;
      const found = await this.#found(known ? after : 0, last);
      const commands = found
        .map(({ text }): Kept => JSON.parse(text))
        .filter((kept) => now - kept.atMs < limits.commandWindowMs)
        .map(({ command }) => command);
      return {
        cursor: `${this.#store.generation}.${top}.${Math.ceil(now)}`,
        complete: known && found.length < limits.maxCommands,
        commands,
      };
    } catch (error) {
      return failureOf(error);
    }
  }

  /** Lets go what nobody asks for any more. Rejects with a StoreError. */
  async sweep(): Promise<void> {
    await this.#store.purge(this.#parts.subjects.commands, {
      keep: this.#parts.limits.maxCommands,
    });
  }

  async #found(after: number, last: Stored | undefined): Promise<readonly Stored[]> {
    if (last === undefined || last.seq <= after) return [];
    return await this.#store.range(this.#parts.subjects.commands, after + 1, last.seq);
  }

  #judged({ id, name, data }: ClusterCommand): ClusterCommand | Failure {
    if (!isResourceName(id)) return wrong("/id");
    if (!isResourceName(name)) return wrong("/name");
    if (data === undefined) return { id, name };
    const copied = copyData(data);
    if (copied === undefined) return failure("invalid_data");
    if (copied.bytes > this.#parts.limits.maxCommandBytes) return failure("too_large");
    return { id, name, data: copied.value };
  }
}

function readCursor(cursor: string | undefined) {
  const match = /^(?<generation>[\w-]+)\.(?<seq>\d{1,16})\.(?<ms>\d{1,16})$/.exec(cursor ?? "");
  const { generation = "", seq = "0", ms = "0" } = match?.groups ?? {};
  return { generation, after: Number(seq), atMs: Number(ms) };
}
