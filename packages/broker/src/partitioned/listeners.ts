import type { BrokerListener } from "../contract.js";

/**
 * Makes one listener of those of several deployments. In reach is what all of them are: a gateway that
 * lacks one of them is not ready, though it goes on with the channels of the others.
 */
export class Listeners {
  readonly #listener: BrokerListener;
  readonly #available: boolean[];
  #begun = false;
  #told = true;

  constructor(listener: BrokerListener, deployments: number) {
    this.#listener = listener;
    this.#available = new Array<boolean>(deployments).fill(true);
  }

  /** What one deployment tells. */
  of(index: number): BrokerListener {
    const listener = this.#listener;
    return {
      onEntry: (channel, epoch, entry) => listener.onEntry(channel, epoch, entry),
      onEphemeral: (publication) => listener.onEphemeral(publication),
      onPresence: (event) => listener.onPresence(event),
      onRelayGap: () => listener.onRelayGap(),
      onCommand: (command) => listener.onCommand(command),
      onAvailability: (available) => {
        this.#available[index] = available;
        this.#tell();
      },
    };
  }

  /** The link is about to be given out: from now on it is told whether all are in reach. */
  begin(): void {
    this.#begun = true;
    this.#tell();
  }

  #tell(): void {
    const available = this.#available.every((each) => each);
    if (!this.#begun || available === this.#told) return;
    this.#told = available;
    this.#listener.onAvailability(available);
  }
}
