/** Variable in which a worker is told what it is; set by the process that starts it. */
export const roleVariable = "HOLDFAST_WORKER";

/** What a worker process is told. */
export interface WorkerRole {
  /** 1, 2, 3 … */
  readonly number: number;
  /** The port to listen on; absent: the configured one. */
  readonly port?: number;
  /** Each worker listens by itself, and the kernel deals connections out. */
  readonly reusePort: boolean;
}

/** The role of this process; `undefined` for one that nobody started as a worker. */
export function roleOf(env: Readonly<Record<string, string | undefined>>): WorkerRole | undefined {
  const text = env[roleVariable];
  return text === undefined ? undefined : JSON.parse(text);
}

/** What a worker tells: it listens. */
export interface ListeningMessage {
  readonly listening: {
    readonly url: string;
    readonly webSocketUrl: string;
    readonly port: number;
  };
}

/** What a worker is told: drain and end. */
export interface StopMessage {
  readonly stop: true;
}
