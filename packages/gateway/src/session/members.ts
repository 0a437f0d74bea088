/** A connection that can be told that a newer one took its place. */
export interface MemberHolder {
  /** Counts the connections of the member's client. */
  readonly generation: number;
  replaced(): void;
}

/** Which connection of this gateway is a member: the newest one that showed the session's secret. */
export class Members {
  readonly #holders = new Map<string, MemberHolder>();

  /**
   * Makes `holder` the member; an older holder is told that it was replaced. Where the one that came
   * first is the newer, by its `generation`, that is `holder` itself.
   */
  claim(member: string, holder: MemberHolder): void {
    const other = this.#holders.get(member);
    if (other === holder) return;
    if (other !== undefined && other.generation > holder.generation) {
      holder.replaced();
      return;
    }
    this.#holders.set(member, holder);
    other?.replaced();
  }

  /** Gives the member up, unless a newer connection has it. */
  release(member: string, holder: MemberHolder): void {
    if (this.#holders.get(member) === holder) this.#holders.delete(member);
  }
}
