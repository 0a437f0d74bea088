import { FileStore, fileFaults } from "./file_store.js";
import { faultsNamed, type NamedEngine, shortBounds, shortTimes } from "./own_engine.js";

/** A file store of the run's own. Unasked it loses nothing: its gateway is harmed as it is. */
export async function startFile(names: readonly string[]): Promise<NamedEngine> {
  const faults = names.length === 0 ? [] : faultsNamed(names, "file:", fileFaults);
  const store = await FileStore.make();
  return {
    url: `file:${store.folder}?${shortTimes}`,
    bounds: shortBounds,
    harmedBy: (fleet) => ({ faults: store.faults(faults, fleet), proxies: [] }),
    losesData: faults.length > 0,
    close: () => store.dispose(),
  };
}
