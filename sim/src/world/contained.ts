import type { Broker, BrokerLink, BrokerListener, Maybe } from "@holdfast/broker";
import type { SimProcess } from "../process/process.js";
import type { Coverage } from "./coverage.js";

/** Entries of one history read in a simulated gateway. */
export const pageEntries = 4;

/**
 * An engine as one simulated process has it: what it hears and is answered reaches it only while
 * it runs, and what a dead one had asked for is answered to nobody.
 */
export function contained(broker: Broker, process: SimProcess, coverage: Coverage): Broker {
  return {
    capabilities: broker.capabilities,
    connect: async (gateway, listener) => {
      const link = await broker.connect(gateway, inside(process, listener));
      return containedLink(link, process, coverage);
    },
    close: () => {},
  };
}

function inside(process: SimProcess, listener: BrokerListener): BrokerListener {
  return {
    onEntry: (...facts) => process.enter(() => listener.onEntry(...facts)),
    onEphemeral: (request) => process.enter(() => listener.onEphemeral(request)),
    onPresence: (event) => process.enter(() => listener.onPresence(event)),
    onRelayGap: () => process.enter(() => listener.onRelayGap()),
    onAvailability: (available) => process.enter(() => listener.onAvailability(available)),
    onCommand: (command) => process.enter(() => listener.onCommand(command)),
  };
}

function containedLink(link: BrokerLink, process: SimProcess, coverage: Coverage): BrokerLink {
  const contain = <T>(answer: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      answer.then(
        (value) => process.enter(() => resolve(value)),
        (error) => process.enter(() => reject(error)),
      );
    });
  const answered = <T>(answer: Maybe<T>): Maybe<T> =>
    answer instanceof Promise ? contain(answer) : answer;
  return {
    publish: (request) => answered(link.publish(request)),
    publishEphemeral: (request) => answered(link.publishEphemeral(request)),
    follow: (channel, options) => answered(link.follow(channel, options)),
    unfollow: (channel) => link.unfollow(channel),
    read: (query) => {
      const page = link.read(query);
      if (!(page instanceof Promise) && "entries" in page && page.entries.length >= pageEntries) {
        coverage.hit("page-boundary");
      }
      return answered(page);
    },
    heads: (channels) => answered(link.heads(channels)),
    partitionOf: (channel) => link.partitionOf(channel),
    changes: (partition, cursor) => answered(link.changes(partition, cursor)),
    loadSnapshot: (channel) => answered(link.loadSnapshot(channel)),
    storeSnapshot: (channel, snapshot) => answered(link.storeSnapshot(channel, snapshot)),
    enter: (...member) => answered(link.enter(...member)),
    leave: (channel, member, options) => link.leave(channel, member, options),
    presence: (channel, max) => answered(link.presence(channel, max)),
    append: (request) => answered(link.append(request)),
    readLog: (query) => answered(link.readLog(query)),
    storeLogSnapshot: (request) => answered(link.storeLogSnapshot(request)),
    loadLogSnapshot: (log) => answered(link.loadLogSnapshot(log)),
    deleteLog: (deletion) => answered(link.deleteLog(deletion)),
    acquireLease: (request) => answered(link.acquireLease(request)),
    renewLease: (renewal) => answered(link.renewLease(renewal)),
    releaseLease: (release) => answered(link.releaseLease(release)),
    serve: (subject, group, handler, options) =>
      answered(link.serve(subject, group, handler, options)),
    call: (subject, payload, options) => contain(link.call(subject, payload, options)),
    broadcast: (command) => answered(link.broadcast(command)),
    commands: (cursor) => answered(link.commands(cursor)),
    announce: (status) => answered(link.announce(status)),
    nodes: () => answered(link.nodes()),
    close: () => answered(link.close()),
  };
}
