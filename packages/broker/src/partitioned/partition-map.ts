import { EngineError } from "../engines.js";

/** Partitions of one deployment, both ends included. */
export interface Share {
  readonly from: number;
  readonly to: number;
}

/** Which deployment has which partition. It is fixed: a channel is nowhere but where its partition is. */
export class PartitionMap {
  readonly shares: readonly Share[];
  readonly partitions: number;
  readonly #owners: readonly number[];

  /** Throws EngineError unless every partition belongs to exactly one share. */
  constructor(shares: readonly Share[], partitions: number) {
    const owners = new Array<number>(partitions).fill(-1);
    for (const [index, { from, to }] of shares.entries()) {
      if (from > to || to >= partitions) {
        throw new EngineError(`#${from}-${to} are no partitions; there are 0-${partitions - 1}.`);
      }
      for (let partition = from; partition <= to; partition += 1) {
        if (owners[partition] !== -1) {
          throw new EngineError(`Partition ${partition} is given to more than one deployment.`);
        }
        owners[partition] = index;
      }
    }
    const nobodys = owners.indexOf(-1);
    if (nobodys >= 0) throw new EngineError(`Partition ${nobodys} is given to no deployment.`);
    this.shares = shares;
    this.partitions = partitions;
    this.#owners = owners;
  }

  /** Consecutive shares that are as even as they can be. */
  static even(count: number, partitions: number): PartitionMap {
    if (count > partitions) {
      throw new EngineError(`${count} deployments cannot share ${partitions} partitions.`);
    }
    const begin = (index: number) => Math.round((index * partitions) / count);
    const shares = Array.from({ length: count }, (_, index) => {
      return { from: begin(index), to: begin(index + 1) - 1 };
    });
    return new PartitionMap(shares, partitions);
  }

  /** Index of the deployment that has a partition. */
  ownerOf(partition: number): number {
    const owner = this.#owners[partition];
    if (owner === undefined) throw new RangeError(`there is no partition ${partition}`);
    return owner;
  }
}
