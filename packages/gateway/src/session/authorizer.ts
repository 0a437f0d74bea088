import {
  type Action,
  type AuthorizeRequest,
  type Capabilities,
  type Failure,
  failure,
} from "@holdfast/protocol";
import { textOf } from "../hub/ask.js";
import { Abortable, withDeadline } from "../hub/deadline.js";
import type { Grant } from "./grants.js";
import type { Shared } from "./shared.js";

/** Answers of the handler remembered per connection. */
const MAX_CACHED = 256;

/** What the handler is asked. */
class Question extends Abortable implements AuthorizeRequest {
  declare readonly user?: string;
  readonly action: Action;
  readonly channel: string;

  constructor(user: string | undefined, action: Action, channel: string) {
    super();
    if (user !== undefined) this.user = user;
    this.action = action;
    this.channel = channel;
  }
}

/** Calls back with the reason for refusing, or nothing. */
export type Answer = (denied: Failure | undefined) => void;

const forbidden = (action: Action, channel: string): Failure =>
  failure("forbidden", `You may not ${action} ${channel}.`);

/** What was asked of the handler for one identity. */
class Asked {
  readonly answers = new Map<string, { readonly allowed: boolean; readonly untilMs: number }>();
  /** Each gives its question up. */
  readonly running = new Set<() => void>();
  /** Answers to questions of an earlier generation are ignored. */
  generation = 0;
}

/** Decides what one identity may do: its capabilities first, then the handler, else no. */
export class Authorizer {
  readonly #shared: Shared;
  readonly #user: string | undefined;
  readonly #grants: readonly Grant[];
  /** Made when the handler is first asked: where capabilities say it all, it never is. */
  #asked: Asked | undefined;

  constructor(shared: Shared, user: string | undefined, can: Capabilities | undefined) {
    this.#shared = shared;
    this.#user = user;
    const everybodys = user === undefined ? undefined : shared.authenticated;
    this.#grants = shared.grants.of(can, everybodys, user);
  }

  /** Whether the capabilities alone permit it. */
  granted(action: Action, channel: string): boolean {
    for (const { actions, matches } of this.#grants) {
      if (actions.includes(action) && matches(channel)) return true;
    }
    return false;
  }

  /** Why a channel without a rule is refused; which rules there are is told only to whom the name was granted. */
  unknownChannel(action: Action, channel: string): Failure {
    return this.granted(action, channel)
      ? failure("unknown_channel", `No channel rule matches ${channel}.`, { field: "/channel" })
      : forbidden(action, channel);
  }

  /** Decides, at once where no handler has to be waited for. */
  check(action: Action, channel: string, answer: Answer): void {
    if (this.granted(action, channel)) {
      answer(undefined);
      return;
    }
    const { authorize, clock } = this.#shared;
    if (authorize === undefined) {
      answer(forbidden(action, channel));
      return;
    }
    const cached = this.#asked?.answers.get(`${action} ${channel}`);
    if (cached !== undefined && clock.monoMs() < cached.untilMs) {
      answer(cached.allowed ? undefined : forbidden(action, channel));
      return;
    }
    this.#ask(action, channel, answer, this.#shared.settings.handlerTimeoutMs);
  }

  /** Decides afresh, whatever was answered before; no answer within `timeoutMs` is a refusal. */
  confirm(action: Action, channel: string, timeoutMs: number, answer: Answer): void {
    if (this.granted(action, channel)) answer(undefined);
    else if (this.#shared.authorize === undefined) answer(forbidden(action, channel));
    else this.#ask(action, channel, answer, timeoutMs);
  }

  /** From here on remembered answers, and those to questions already asked, are ignored. */
  forget(): void {
    if (this.#asked === undefined) return;
    this.#asked.answers.clear();
    this.#asked.generation++;
  }

  /** Gives up what is being asked; nothing is answered afterwards. */
  end(): void {
    for (const abort of this.#asked?.running ?? []) abort();
    this.#asked = undefined;
  }

  #ask(action: Action, channel: string, answer: Answer, timeoutMs: number): void {
    const { authorize, logger, wheel } = this.#shared;
    if (authorize === undefined) return;
    this.#asked ??= new Asked();
    const asked = this.#asked;
    const { generation } = asked;
    let abort: (() => void) | undefined;
    let over = false;
    const question = new Question(this.#user, action, channel);
    abort = withDeadline<boolean>(
      wheel,
      timeoutMs,
      question,
      () => authorize(question),
      (ending) => {
        over = true;
        if (abort !== undefined) asked.running.delete(abort);
        if (ending.kind === "value" && generation !== asked.generation) {
          this.#ask(action, channel, answer, timeoutMs);
          return;
        }
        if (ending.kind === "value") {
          // Only `true` permits: a handler that answers nonsense has not permitted anything.
          const allowed = ending.value === true;
          this.#remember(asked, action, channel, allowed);
          answer(allowed ? undefined : forbidden(action, channel));
          return;
        }
        const error = ending.kind === "error" ? textOf(ending.error) : "timeout";
        logger.warn("authorize handler failed", { action, error });
        answer(failure("unavailable", "Whether you may do this could not be found out."));
      },
    );
    if (!over) asked.running.add(abort);
  }

  #remember({ answers }: Asked, action: Action, channel: string, allowed: boolean): void {
    const { clock, settings } = this.#shared;
    if (settings.authorizeCacheMs === 0) return;
    if (answers.size >= MAX_CACHED) answers.clear();
    const untilMs = clock.monoMs() + settings.authorizeCacheMs;
    answers.set(`${action} ${channel}`, { allowed, untilMs });
  }
}
