/** A connection that can be told that a newer one took its place. */
export interface MemberHolder {
  replaced(): void;
}

interface Claim {
  readonly holder: MemberHolder;
  readonly generation: number;
}

/** Which connection of this gateway is a member: the newest one that showed the session's secret. */
export class Members {
  readonly #claims = new Map<string, Claim>();

  /**
   * Makes `holder` the member; an older holder is told that it was replaced. Where the one that came
   * first is the newer, by its `generation`, that is `holder` itself.
   */
  claim(member: string, holder: MemberHolder, generation: number): void {
    const other = this.#claims.get(member);
    if (other?.holder === holder) return;
    if (other !== undefined && other.generation > generation) {
      holder.replaced();
      return;
    }
    this.#claims.set(member, { holder, generation });
    other?.holder.replaced();
  }

  /** Gives the member up, unless a newer connection has it. */
  release(member: string, holder: MemberHolder): void {
    if (this.#claims.get(member)?.holder === holder) this.#claims.delete(member);
  }
}
