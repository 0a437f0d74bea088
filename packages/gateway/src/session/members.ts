/** A connection that can be told that a newer one took its place. */
export interface MemberHolder {
  replaced(): void;
}

/** Which connection of this gateway is a member: the newest one that showed the session's secret. */
export class Members {
  readonly #holders = new Map<string, MemberHolder>();

  /** Makes `holder` the member; an older holder is told that it was replaced. */
  claim(member: string, holder: MemberHolder): void {
    const older = this.#holders.get(member);
    if (older === holder) return;
    this.#holders.set(member, holder);
    older?.replaced();
  }

  /** Some connection of this gateway is the member. */
  has(member: string): boolean {
    return this.#holders.has(member);
  }

  /** Gives the member up, unless a newer connection has it. */
  release(member: string, holder: MemberHolder): void {
    if (this.#holders.get(member) === holder) this.#holders.delete(member);
  }
}
