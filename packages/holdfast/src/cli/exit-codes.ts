/** What an exit code of `holdfast` means, unless a command says it more exactly. */
export const exitCodes = {
  done: { code: 0, meaning: "Done, or stopped in good order." },
  failed: { code: 1, meaning: "It failed; the reason is on standard error." },
  askedWrongly: {
    code: 2,
    meaning: "The command line or the configuration is wrong; every fault is listed.",
  },
  tryAgain: {
    code: 3,
    meaning: "Nothing answers, or the gateway asks to wait; the same command may succeed later.",
  },
} as const;
