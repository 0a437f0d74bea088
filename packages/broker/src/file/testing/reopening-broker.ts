import type { BrokerCapabilities } from "../../contract/capabilities.js";
import type { Broker, BrokerLink, BrokerListener } from "../../contract.js";
import type { FileBroker } from "../broker.js";
import type { FileLink } from "../link.js";

/** How a broker ends before it is opened again: in good order, or as a killed process does. */
export type Ending = "closed" | "abandoned";

/** What a gateway believes to have at its link, and asks for again at the next one. */
interface Station {
  readonly gateway: string;
  readonly listener: BrokerListener;
  readonly follows: Map<string, { readonly presence: boolean }>;
  link: FileLink;
}

/**
 * A file engine whose links outlive it, as gateways outlive a server: in production they end with
 * its process. For tests of what a restart keeps.
 */
export class ReopeningBroker implements Broker {
  readonly capabilities: BrokerCapabilities;
  readonly #open: () => Promise<FileBroker>;
  readonly #stations = new Set<Station>();
  #broker: FileBroker;

  private constructor(open: () => Promise<FileBroker>, broker: FileBroker) {
    this.#open = open;
    this.#broker = broker;
    this.capabilities = broker.capabilities;
  }

  static async open(open: () => Promise<FileBroker>): Promise<ReopeningBroker> {
    return new ReopeningBroker(open, await open());
  }

  connect(gateway: string, listener: BrokerListener): BrokerLink {
    const link = this.#broker.connect(gateway, listener);
    const station = { gateway, listener, follows: new Map(), link };
    this.#stations.add(station);
    return through(station, () => this.#stations.delete(station));
  }

  async reopen(ending: Ending): Promise<void> {
    for (const { listener } of this.#stations) listener.onAvailability(false);
    await (ending === "closed" ? this.#broker.close() : this.#broker.abandon());
    this.#broker = await this.#open();
    for (const station of this.#stations) {
      const { gateway, listener, follows } = station;
      station.link = this.#broker.connect(gateway, listener);
      for (const [channel, options] of follows) await station.link.follow(channel, options);
      listener.onAvailability(true);
      listener.onRelayGap();
    }
  }

  /** Settles when everything asked for before is kept and told. */
  settle(): Promise<void> {
    return this.#broker.flushed();
  }

  close(): Promise<void> {
    return this.#broker.close();
  }
}

/** A link that is whichever the station has now. */
function through(station: Station, ended: () => void): BrokerLink {
  return {
    publish: (request) => station.link.publish(request),
    publishEphemeral: (request) => station.link.publishEphemeral(request),
    follow(channel, options) {
      const presence = options.presence || station.follows.get(channel)?.presence === true;
      station.follows.set(channel, { presence });
      return station.link.follow(channel, options);
    },
    unfollow(channel) {
      station.follows.delete(channel);
      station.link.unfollow(channel);
    },
    read: (query) => station.link.read(query),
    heads: (channels) => station.link.heads(channels),
    partitionOf: (channel) => station.link.partitionOf(channel),
    changes: (partition, cursor) => station.link.changes(partition, cursor),
    loadSnapshot: (channel) => station.link.loadSnapshot(channel),
    storeSnapshot: (channel, snapshot) => station.link.storeSnapshot(channel, snapshot),
    enter: (...member) => station.link.enter(...member),
    leave: (channel, member, options) => station.link.leave(channel, member, options),
    presence: (channel, max) => station.link.presence(channel, max),
    append: (request) => station.link.append(request),
    readLog: (query) => station.link.readLog(query),
    storeLogSnapshot: (request) => station.link.storeLogSnapshot(request),
    loadLogSnapshot: (log) => station.link.loadLogSnapshot(log),
    deleteLog: (deletion) => station.link.deleteLog(deletion),
    acquireLease: (request) => station.link.acquireLease(request),
    renewLease: (renewal) => station.link.renewLease(renewal),
    releaseLease: (release) => station.link.releaseLease(release),
    serve: (subject, group, handler, options) =>
      station.link.serve(subject, group, handler, options),
    call: (subject, payload, options) => station.link.call(subject, payload, options),
    broadcast: (command) => station.link.broadcast(command),
    commands: (cursor) => station.link.commands(cursor),
    announce: (status) => station.link.announce(status),
    nodes: () => station.link.nodes(),
    close() {
      ended();
      return station.link.close();
    },
  };
}
