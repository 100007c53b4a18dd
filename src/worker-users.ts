import type { Config, ProgramConfig } from './config/schema.ts';
import { uidOf } from './linux/accounts.ts';
import type { WorkerUsers } from './linux/survivors.ts';
import type { Result } from './shared/result.ts';
import type { SavedState } from './supervisor/saved-state.ts';

/** Which users' processes a program's workers may be: as its generations were started, by the state, and as the file has it now. */
export function workerUsers(state: SavedState | undefined, file: Result<Config> | undefined): WorkerUsers {
  const known: readonly ProgramConfig[] = [
    ...(state?.programs ?? []).flatMap(({ config, launches }) => [config, ...launches.map(([, launch]) => launch)]),
    ...(file?.ok ? file.value.programs : []),
  ];
  const users = new Map<string, Set<number>>();
  for (const { name, user } of known) {
    const uid = user === undefined ? undefined : uidOf(user);
    if (uid === undefined || uid === process.geteuid?.()) continue;
    users.set(name, (users.get(name) ?? new Set()).add(uid));
  }
  return users;
}
