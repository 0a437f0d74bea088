import { type Engines, embeddedEngines } from "@holdfast/broker";

/** Every engine this package brings, by URL scheme; those of other packages are loaded when first named. */
export const engines: Engines = { ...embeddedEngines };
