/** A worker cannot listen on the port that is its alone; `cause` is the system's error. */
export class WorkerPortError extends Error {
  override readonly name = "WorkerPortError";
  readonly port: number;

  constructor(port: number, options: { readonly cause: unknown }) {
    super(`a worker cannot listen on its own port ${port}`, options);
    this.port = port;
  }
}

/** Says in words why a server could not listen; undefined for a cause that is not known here. */
export function explainListenError(
  cause: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): string | undefined {
  if (cause instanceof WorkerPortError) return explainWorkerPort(cause);
  if (!(cause instanceof Error)) return undefined;
  if (cause.name === "CredentialsError") return `${cause.message} (tlsCertFile, tlsKeyFile).`;
  if (!("code" in cause)) return undefined;
  switch (cause.code) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is taken: another program listens there already. Stop it, or choose another port with --port ${nextPort(port)} (0 picks a free one).`;
    case "EACCES":
      return `This user may not listen on port ${port}. Choose one of 1024 or above: --port 8000.`;
    case "EADDRNOTAVAIL":
      return `${host} is not an address of this machine. Use 127.0.0.1, or 0.0.0.0 for every interface.`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `The host name ${host} cannot be resolved. Use 127.0.0.1, or 0.0.0.0 for every interface.`;
    default:
      return undefined;
  }
}

function explainWorkerPort({ port, cause }: WorkerPortError): string | undefined {
  if (!(cause instanceof Error && "code" in cause)) return undefined;
  switch (cause.code) {
    case "EADDRINUSE":
      return `Port ${port}, which would be this worker's own, is taken: another program listens there already. Stop it, or choose other ports with --worker-port.`;
    case "EACCES":
      return `This user may not listen on port ${port}, which would be this worker's own. Choose ports of 1024 or above with --worker-port.`;
    default:
      return undefined;
  }
}

/** How the library begins what it says of a wrong option; the option's name follows. */
const prefix = "createGateway: option ";

/** Says which option a gateway cannot be made with, and why; undefined for any other cause. */
export function explainOptionFault(cause: unknown): string | undefined {
  if (!(cause instanceof TypeError)) return undefined;
  const { message } = cause;
  if (message.startsWith(prefix)) return message.slice(prefix.length);
  return message.startsWith("apiKeys[") ? message : undefined;
}

function nextPort(port: number): number {
  return port < 65_535 ? port + 1 : 8000;
}
