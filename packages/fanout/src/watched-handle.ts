import { closeInTurn } from "./close-turns.js";

/** What of Node's TCP handle is relied on: its descriptor, and that streams do everything by its methods. */
export interface StreamHandle {
  readonly fd: number;
}

/** Who uses a handle's descriptor beside its stream. */
export interface Watcher {
  /** The stream is about to write, or to say that it ends. */
  touched(): void;
  /** The descriptor is about to be closed, or somebody else watches the handle from now on. */
  lost(): void;
}

/** Methods without which a handle is not what is known of Node's. */
const known = ["writeBuffer", "writev", "shutdown", "close", "reset"];
/** Whatever writes, whatever its name in a later version, is watched. */
const isTouching = (name: string): boolean => name.startsWith("write") || known.includes(name);
const isClosing = (name: string): boolean => name === "close" || name === "reset";

/** By descriptor, which the process hands out once at a time. */
const watchers: (Watcher | undefined)[] = [];
/** What watched handles inherit from, by what they did before. */
const prototypes = new WeakMap<object, object>();

/**
 * Tells `watcher` before the stream does anything with the descriptor; false: the handle is not one that
 * can be watched. A descriptor is closed by its handle's `close` or `reset` and by nothing else, and the
 * watcher is forgotten with it.
 *
 * The methods are put between the handle and what it inherits from, so that a connection costs nothing.
 */
export function watch(handle: StreamHandle, watcher: Watcher): boolean {
  const { fd } = handle;
  if (!isWatched(handle)) {
    const prototype = watchedPrototype(handle);
    if (prototype === undefined || fd < 0) return false;
    Object.setPrototypeOf(handle, prototype);
  }
  watchers[fd]?.lost();
  watchers[fd] = watcher;
  return true;
}

const marks = new WeakSet<object>();

const isWatched = (handle: object): boolean => marks.has(Object.getPrototypeOf(handle));

function watchedPrototype(handle: object): object | undefined {
  const plain: object = Object.getPrototypeOf(handle);
  const made = prototypes.get(plain);
  if (made !== undefined) return made;
  if (!known.every((name) => isMethod(Reflect.get(plain, name)))) return undefined;
  const watched = Object.create(plain);
  for (const name of namesOf(plain)) {
    if (!isTouching(name)) continue;
    const method: unknown = Reflect.get(plain, name, handle);
    if (!isMethod(method)) continue;
    const tells = telling(name, method);
    // Told at once, and again when it comes to it: somebody may have begun to watch meanwhile.
    watched[name] = name === "close" ? telling(name, inTurn(tells)) : tells;
  }
  prototypes.set(plain, watched);
  marks.add(watched);
  return watched;
}

type Method = (this: StreamHandle, ...given: unknown[]) => unknown;

const isMethod = (value: unknown): value is Method => typeof value === "function";

/** A `close` that may have to wait; what comes in meanwhile is nobody's, and is not read. */
function inTurn(close: Method): Method {
  return function (this: StreamHandle, ...given: unknown[]): void {
    closeInTurn(
      () => Reflect.apply(close, this, given),
      () => {
        const stop: unknown = Reflect.get(this, "readStop");
        if (isMethod(stop)) Reflect.apply(stop, this, []);
      },
    );
  };
}

/** A method that tells the watcher first. */
function telling(name: string, method: Method) {
  return function (this: StreamHandle, ...given: unknown[]): unknown {
    const { fd } = this;
    const watcher = watchers[fd];
    if (isClosing(name)) {
      watchers[fd] = undefined;
      // For good: a handle can be closed past its stream, which then does not know that it has none.
      watcher?.lost();
    } else watcher?.touched();
    return Reflect.apply(method, this, given);
  };
}

function* namesOf(prototype: object | null): Generator<string> {
  for (let at = prototype; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    yield* Object.getOwnPropertyNames(at);
  }
}
