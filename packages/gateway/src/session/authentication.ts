import { isFailure } from "@holdfast/broker";
import { type CloseCode, type Identity, UnavailableError } from "@holdfast/protocol";
import { TICKET_PREFIX } from "../cluster/tickets.js";
import { textOf } from "../hub/ask.js";
import { Abortable, withDeadline } from "../hub/deadline.js";
import type { Handshake } from "../transport.js";
import { closeCode } from "./closing.js";
import { isIdentity } from "./identity.js";
import type { Shared } from "./shared.js";

/** Who it is, or the close code that says why nobody. */
export type Authenticated =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly code: CloseCode };

/**
 * Turns credentials into an identity: by the handler, or, without credentials, the anonymous one.
 * Returns a function that gives up, after which nothing is reported.
 */
export function authenticate(
  shared: Shared,
  handshake: Handshake,
  token: string | undefined,
  done: (outcome: Authenticated) => void,
): () => void {
  const { authenticate: handler, anonymous, logger, settings, wheel } = shared;
  const withoutToken = (): Authenticated =>
    token === undefined && anonymous !== undefined
      ? { ok: true, identity: { can: anonymous } }
      : { ok: false, code: closeCode.unauthorized };
  if (token?.startsWith(TICKET_PREFIX)) return redeem(shared, token, done);
  if (handler === undefined) {
    done(withoutToken());
    return () => {};
  }
  const { remoteAddress } = handshake;
  const abortable = new Abortable();
  return withDeadline<Identity | null>(
    wheel,
    settings.handlerTimeoutMs,
    abortable,
    () =>
      handler({
        ...(token === undefined ? {} : { token }),
        // Made when they are looked at: most handlers ask for the token alone.
        get headers() {
          return handshake.headers;
        },
        get signal() {
          return abortable.signal;
        },
        ...(remoteAddress === undefined ? {} : { remoteAddress }),
      }),
    (ending) => {
      if (ending.kind === "timeout") {
        logger.warn("authenticate handler failed", { error: "timeout" });
        done({ ok: false, code: closeCode.overloaded });
      } else if (ending.kind === "error") {
        logger.warn("authenticate handler failed", { error: textOf(ending.error) });
        const outOfReach = ending.error instanceof UnavailableError;
        done({ ok: false, code: outOfReach ? closeCode.overloaded : closeCode.unauthorized });
      } else if (ending.value === null || ending.value === undefined) {
        done(withoutToken());
      } else if (!isIdentity(ending.value)) {
        logger.warn("authenticate handler failed", { error: "not an identity" });
        done({ ok: false, code: closeCode.unauthorized });
      } else done(admit(shared, ending.value));
    },
  );
}

/** A ticket is judged by the gateway itself; no handler sees it. */
function redeem(
  shared: Shared,
  ticket: string,
  done: (outcome: Authenticated) => void,
): () => void {
  let over = false;
  shared.tickets.redeem(ticket, (identity) => {
    if (over) return;
    if (identity === null) done({ ok: false, code: closeCode.unauthorized });
    else if (isFailure(identity)) done({ ok: false, code: closeCode.overloaded });
    else done(admit(shared, identity));
  });
  return () => {
    over = true;
  };
}

/** Holds an identity against the clock and against what was revoked. */
function admit(shared: Shared, identity: Identity): Authenticated {
  const { clock, knowsRevoked, logger, revocations, settings } = shared;
  const { user, tokenId, issuedAtMs = Infinity, expiresAtMs = Infinity } = identity;
  const nowMs = clock.wallMs();
  if (expiresAtMs <= nowMs || issuedAtMs + settings.maxTokenLifeMs <= nowMs) {
    return { ok: false, code: closeCode.token_expired };
  }
  if (Number.isFinite(expiresAtMs) && expiresAtMs > nowMs + settings.maxTokenLifeMs) {
    // Its revocation would be forgotten before it ends.
    logger.warn("token lives too long", { maxTokenLifeMs: settings.maxTokenLifeMs });
    return { ok: false, code: closeCode.unauthorized };
  }
  if (user === undefined && tokenId === undefined) return { ok: true, identity };
  if (!knowsRevoked()) return { ok: false, code: closeCode.overloaded };
  return revocations.covers(identity)
    ? { ok: false, code: closeCode.unauthorized }
    : { ok: true, identity };
}
