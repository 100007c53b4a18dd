import type { SupervisorConfig } from '../config/schema.ts';
import { stateOf } from './saved-state.ts';
import type { Program, Supervisor } from './supervisor.ts';

/**
 * Writes the state whenever something in it has changed: after the decisions of a turn and their effects, so that what it tells of
 * has been done. A process that was started right before a SIGKILL is found by its environment. A disk that is full is told once;
 * the older state stays, and the next change tries again.
 *
 * Returns what ends it.
 */
export function keepState(supervisor: Supervisor, running: SupervisorConfig): () => void {
  const { state, log } = supervisor.ports;
  let written: readonly unknown[] = [];
  let waiting = false;
  let trouble: string | undefined;

  function write(): void {
    waiting = false;
    const now = marks(supervisor);
    if (now.length === written.length && now.every((mark, at) => mark === written[at])) return;
    const saved = state.save(stateOf(supervisor, running));
    if (saved.ok) written = now;
    if (!saved.ok && saved.error !== trouble)
      log.warn(
        { event: 'stateNotSaved', error: saved.error },
        'if the supervisor dies now, the next one knows less: it finds the workers by their environment',
      );
    trouble = saved.ok ? undefined : saved.error;
  }

  const unwatch = supervisor.watch((_program, fact) => {
    if (fact !== undefined || waiting) return;
    waiting = true;
    queueMicrotask(write);
  });
  write();
  return unwatch;
}

/** What the state is made of, by reference: core answers the same object as long as nothing changes. */
function marks({ programs, workers, closing, hooks }: Supervisor): readonly unknown[] {
  return [
    closing,
    hooks,
    ...workers.all().map(({ serving }) => serving?.pid),
    ...[...programs.values()].flatMap(ofProgram),
  ];
}

function ofProgram({ config, fleet, launches }: Program): readonly unknown[] {
  const { slots, wanted, generation, latest, nextWorker, roll } = fleet;
  return [config, launches, slots, wanted, generation, latest, nextWorker, roll];
}
