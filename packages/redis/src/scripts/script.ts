/** A script of the engine. Its digest is learnt from the server that it is first loaded into. */
export class Script {
  readonly name: string;
  readonly source: string;

  constructor(name: string, source: string) {
    this.name = name;
    this.source = source;
  }
}
