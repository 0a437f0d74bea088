import { failure, type Identity, type UpMessage } from "@holdfast/protocol";
import type { Handshake } from "../transport.js";
import { type Authenticated, authenticate } from "./authentication.js";
import { Authorizer } from "./authorizer.js";
import { closeCode } from "./closing.js";
import { Expiry, type Mortal } from "./expiry.js";
import { idOf, type Peer } from "./peer.js";

/** The connection that credentials are shown on. */
export interface Bearer extends Peer, Mortal {
  /** What was permitted before is asked again. */
  recheckAll(): void;
}

/** By what credentials can be revoked. */
export type Revocable = Pick<Identity, "user" | "tokenId" | "issuedAtMs">;

/** For whom one connection speaks, until when, and what that permits. */
export class Credentials {
  /** What of the identity is needed as long as it is trusted: by what it can be revoked. */
  revocable: Revocable | undefined;
  authorizer: Authorizer;
  readonly #bearer: Bearer;
  readonly #handshake: Handshake;
  /** Absent while they have no end. */
  #expiry: Expiry | undefined;
  /** Gives up judging. */
  #abort: (() => void) | undefined;

  constructor(bearer: Bearer, handshake: Handshake) {
    this.#bearer = bearer;
    this.#handshake = handshake;
    this.authorizer = new Authorizer(bearer.shared, undefined, undefined);
  }

  /** They have ended, whether or not a timer has said so yet. */
  get over(): boolean {
    return this.#expiry?.over === true;
  }

  /** What is left of their life, for a reply. */
  expiresIn(): { expiresInMs?: number } {
    const { expiresAtMs = Number.POSITIVE_INFINITY } = this.#expiry ?? {};
    if (expiresAtMs === Number.POSITIVE_INFINITY) return {};
    const leftMs = expiresAtMs - this.#bearer.shared.clock.wallMs();
    return { expiresInMs: Math.max(0, Math.round(leftMs)) };
  }

  /** Finds out whose they are; nothing is reported once the connection has ended. */
  judge(token: string | undefined, done: (outcome: Authenticated) => void): void {
    const bearer = this.#bearer;
    let over = false;
    const abort = authenticate(bearer.shared, this.#handshake, token, (outcome) => {
      over = true;
      this.#abort = undefined;
      if (!bearer.ended) done(outcome);
    });
    if (!over) this.#abort = abort;
  }

  /** From now on the connection is `identity`'s. */
  trust(identity: Identity): void {
    const { outbox, shared } = this.#bearer;
    const { user, can, expiresAtMs = Number.POSITIVE_INFINITY } = identity;
    this.revocable = revocableOf(identity);
    this.authorizer = new Authorizer(shared, user, can);
    if (expiresAtMs < Number.POSITIVE_INFINITY) this.#expiry ??= new Expiry(this.#bearer);
    this.#expiry?.set(expiresAtMs);
    outbox.writeUntil(expiresAtMs);
  }

  /** Carries a `refresh` out. */
  refresh(command: Extract<UpMessage, { type: "refresh" }>): void {
    const bearer = this.#bearer;
    if (this.#abort !== undefined) {
      bearer.refuse(command, failure("duplicate_id", "Another refresh is still outstanding."));
      return;
    }
    this.judge(command.token, (outcome) => {
      if (!outcome.ok) {
        const code = outcome.code === closeCode.overloaded ? "unavailable" : "unauthorized";
        bearer.refuse(command, failure(code));
      } else if (outcome.identity.user !== bearer.user) {
        bearer.refuse(command, failure("unauthorized", "The token is another user's."));
      } else {
        this.trust(outcome.identity);
        bearer.send({ type: "refreshed", ...idOf(command), ...this.expiresIn() });
        bearer.recheckAll();
      }
    });
  }

  /** The wall clock was set, or the machine has slept. */
  wallJumped(): void {
    this.#expiry?.wallJumped();
  }

  /** Nothing is judged and nothing is permitted any more. */
  end(): void {
    this.#expiry?.stop();
    this.#abort?.();
    this.#abort = undefined;
    this.authorizer.end();
  }
}

function revocableOf({ user, tokenId, issuedAtMs }: Identity): Revocable {
  return {
    ...(user === undefined ? {} : { user }),
    ...(tokenId === undefined ? {} : { tokenId }),
    ...(issuedAtMs === undefined ? {} : { issuedAtMs }),
  };
}
