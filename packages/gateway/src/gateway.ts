import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { NodeRecord, Published } from "@holdfast/broker";
import type {
  CallDefinition,
  Contract,
  Failure,
  HasContract,
  PublishedOf,
} from "@holdfast/protocol";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { OrderResult } from "./cluster/cluster.js";
import type { RevokeRequest, Target, UnsubscribeRequest, Withdrawal } from "./cluster/orders.js";
import type { Ticket, TicketRequest } from "./cluster/tickets.js";
import type { CallDefinitions, ChannelRules, PublishOptions } from "./core-contract.js";
import type { AttachOptions, Listening, ListenOptions } from "./node/server-door.js";
import type { StateRead } from "./session/state-reading.js";

/** What a publish from the gateway's own process comes to. */
export type PublishResult = Published | { readonly ok: true; readonly ephemeral: true } | Failure;

/** What is handed to a schema: a validator that takes anything is meant to be given what it gives. */
type SentTo<Input, Output> = unknown extends Input ? Output : Input;

/** The payload and call types a gateway's options imply. */
export interface ContractFrom<Channels extends ChannelRules, Calls extends CallDefinitions>
  extends Contract {
  readonly channels: {
    readonly [Pattern in keyof Channels]: Channels[Pattern] extends {
      readonly schema: StandardSchemaV1<infer _Input, infer Output>;
    }
      ? Output
      : unknown;
  };
  readonly publishes?: {
    readonly [Pattern in keyof Channels]: Channels[Pattern] extends {
      readonly schema: StandardSchemaV1<infer Input, infer Output>;
    }
      ? SentTo<Input, Output>
      : unknown;
  };
  readonly calls: {
    readonly [Method in keyof Calls]: Calls[Method] extends CallDefinition<
      infer Input,
      infer Output,
      infer Sent
    >
      ? { readonly input: SentTo<Sent, Input>; readonly output: Awaited<Output> }
      : never;
  };
}

/** A running gateway. Its type carries the contract: `connect<typeof gateway>(url)`. */
export interface Gateway<C extends Contract = Contract> extends HasContract<C> {
  /** The engine is reachable and the gateway is neither starting nor draining. */
  readonly ready: boolean;
  /** Open connections of this process. */
  readonly connectionCount: number;
  /** Settles when the engine is connected; rejects with the reason when it cannot be. */
  started(): Promise<void>;
  /**
   * Takes WebSocket upgrades of `path` from a server that is otherwise the application's own:
   * other paths, their upgrades and requests are not touched.
   */
  attach(server: Server, options?: AttachOptions): void;
  /** Answers a request for one of the gateway's own HTTP routes and returns true; otherwise false, untouched. */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean;
  /** Starts a server of the gateway's own. Port 0 picks a free one; `host` defaults to 127.0.0.1. */
  listen(port: number, host?: string, options?: ListenOptions): Promise<Listening>;
  /** Publishes with the process's own authority; the outcome is a value, not a throw. */
  publish<Name extends string>(
    channel: Name,
    data: PublishedOf<C, Name>,
    options?: PublishOptions,
  ): Promise<PublishResult>;
  /** Publishes bytes the gateway never looks into. */
  publishBytes(
    channel: string,
    bytes: Uint8Array,
    options?: PublishOptions,
  ): Promise<PublishResult>;
  /**
   * Reads a channel's state and its position, to load first and stream after: a subscription that is
   * given both goes on exactly there. The outcome is a value, not a throw.
   */
  readState(channel: string): Promise<StateRead | Failure>;
  /**
   * Tells every gateway that permissions were withdrawn: the authorize handler is asked again for every
   * subscription of `user` to `channel` (left out: all). What it does not confirm within a second
   * ends, and what is still queued of it is dropped. This and the three below take effect here at once
   * and everywhere within 2 s; a failure tells that other gateways may not know yet: repeat it.
   */
  recheck(withdrawal?: Withdrawal): Promise<OrderResult>;
  /** Ends the connections of a user or a client session. They do not come back by themselves, but may. */
  disconnect(target: Target): Promise<OrderResult>;
  /** Revokes a token, or all that a user was given before `beforeMs` (default: now), and ends their connections. */
  revoke(request: RevokeRequest): Promise<OrderResult>;
  /** Makes a ticket: a token that is good for one connection within `ticketLifeMs`, at any gateway. */
  issueTicket(request: TicketRequest): Promise<Ticket | Failure>;
  /** The gateways that share the engine, this one among them, with what each said of itself within 5 s. */
  nodes(): Promise<readonly NodeRecord[] | Failure>;
  /** Ends subscriptions, presence included. */
  unsubscribe(request: UnsubscribeRequest): Promise<OrderResult>;
  /**
   * Stops: refuses new connections, advises open ones to leave spread over `drainMs` (default:
   * setting `drainMs`), then ends servers of its own and engines it made. Calling again gives the same promise.
   */
  close(options?: { readonly drainMs?: number }): Promise<void>;
}
