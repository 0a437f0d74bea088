import { type ServerSample, type ServerWatch, sampleOf } from "../bench/server-watch.js";

const patienceMs = 5_000;
const maxExpositionChars = 1_048_576;

/** Asks a gateway's `/metrics`, which answers this machine only unless it was made public. */
export class ExpositionWatch implements ServerWatch {
  readonly #url: string;

  /** `url`: the origin of the gateway's HTTP side. */
  constructor(url: string) {
    this.#url = `${url}/metrics`;
  }

  async sample(): Promise<ServerSample | undefined> {
    try {
      const response = await fetch(this.#url, { signal: AbortSignal.timeout(patienceMs) });
      if (!response.ok) return undefined;
      return sampleOf((await response.text()).slice(0, maxExpositionChars));
    } catch {
      // Not every server has one; the run says what it can without.
      return undefined;
    }
  }
}
