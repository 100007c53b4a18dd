import type { PortherdError } from '../shared/errors.ts';
import type { Operator } from './operator.ts';
import type { Log } from './ports.ts';

/** `update` for those who cannot be answered (a signal, a reload): how it went is logged. */
export async function applyConfig(operator: Operator, log: Log, why: string): Promise<void> {
  const failed = (error: PortherdError): void => {
    log.error({ event: 'updateFailed', why, error }, 'the config is not applied; what ran before runs on');
  };
  await operator.updated();
  const updated = await operator.update({ programs: [] }, (line) => {
    if (line.t !== 'done') return;
    if (line.error === undefined) log.info({ event: 'updated', why }, 'the config is applied');
    else failed(line.error);
  });
  if (!updated.ok) failed(updated.error);
}
