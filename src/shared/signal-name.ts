/** Linux numbers of the signals an operator may send (signal(7), x86 and ARM). Not those that only a fault raises. */
export const signalNumbers = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGWINCH: 28,
} as const;

export type SignalName = keyof typeof signalNumbers;

/** `TERM`, `SIGTERM`, `sigterm`, `15` and 15 are all SIGTERM; undefined when there is no such signal. */
export function parseSignal(written: string | number): SignalName | undefined {
  const text = String(written).trim().toUpperCase();
  const name = text.startsWith('SIG') ? text : `SIG${text}`;
  if (isSignal(name)) return name;
  return Object.keys(signalNumbers)
    .filter(isSignal)
    .find((known) => String(signalNumbers[known]) === text);
}

function isSignal(name: string): name is SignalName {
  return Object.hasOwn(signalNumbers, name);
}
