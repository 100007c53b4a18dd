import type { HookStatus } from '../../protocol/control-hooks.ts';
import { formatUptime } from '../../shared/uptime.ts';
import { type Column, table } from './table.ts';
import { formatTook } from './uptime.ts';

const columns: readonly Column[] = [
  { title: 'HOOK', align: 'left' },
  { title: 'TELLS', align: 'left' },
  { title: 'STATE', align: 'left' },
  { title: 'QUEUED', align: 'right' },
  { title: 'DELIVERED', align: 'right' },
  { title: 'FAILED', align: 'right' },
  { title: 'DROPPED', align: 'right' },
  { title: 'LAST ERROR', align: 'left' },
];

/** `portherdctl hooks`. `now`: Unix ms. */
export function hooksText(hooks: readonly HookStatus[], now: number): string[] {
  if (hooks.length === 0) return ['No hooks; `hooks:` in the config names them.'];
  return table(
    columns,
    hooks.map((hook) => [
      hook.name,
      hook.target,
      stateText(hook),
      ...[hook.queued, hook.delivered, hook.failed, hook.dropped].map(String),
      errorText(hook, now),
    ]),
  );
}

function stateText({ state, retryInMs }: HookStatus): string {
  return state === 'paused' && retryInMs !== undefined ? `retry in ${formatTook(retryInMs)}` : state;
}

function errorText({ lastError, lastDelivered }: HookStatus, now: number): string {
  if (lastError === undefined) return '-';
  const { at, event, why } = lastError;
  const since = lastDelivered !== undefined && lastDelivered.at >= at ? ', works again' : '';
  return `${formatUptime(Math.max(0, now - at))} ago, ${event}: ${why}${since}`;
}
