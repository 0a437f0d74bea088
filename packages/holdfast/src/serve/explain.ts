/** Says in words why a server could not listen; undefined for a cause that is not known here. */
export function explainListenError(
  cause: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): string | undefined {
  if (!(cause instanceof Error) || !("code" in cause)) return undefined;
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

function nextPort(port: number): number {
  return port < 65_535 ? port + 1 : 8000;
}
