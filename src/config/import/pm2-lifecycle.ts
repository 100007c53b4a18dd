import { slotsMax } from '../../shared/limits.ts';
import { durationWithin, numberWithin } from './clamp.ts';
import { notYet } from './not-yet.ts';
import { differs, mapped, none, wrong } from './outcome.ts';
import type { AppRule } from './pm2-app.ts';
import { isCluster, shared } from './pm2-environment.ts';
import { unlessFalse, withBoolean, withNumber, withTime } from './pm2-values.ts';

const hour = 3_600_000;
const rollInstead = (what: string): string => `${what} that runs \`portherdctl roll\`, which loses no connection`;

/** How many, when they count as started, when they are started again, how they end. */
export const lifecycleRules: Readonly<Record<string, AppRule>> = {
  instances: {
    absent: 1,
    read: (value, { workers, apart }) => {
      if (apart)
        return differs(
          { workers: 1 },
          'increment_var gives each process another value, so each is a program of its own',
        );
      if (workers === 'auto') return mapped({ workers });
      const counted = Number(value) < 0 ? `the cores less ${-Number(value)}, of those that are here` : undefined;
      return numberWithin('workers', workers, 1, slotsMax, counted);
    },
  },
  exec_mode: {
    read: (value, view) => {
      if (!/^(cluster|fork)(_mode)?$/.test(String(value)))
        return wrong(`"${String(value)}" is neither cluster nor fork`);
      if (!isCluster(view) || shared(view) !== undefined) return mapped();
      return differs(
        {},
        'write the port that the app listens on as `listen: [{ port: … }]`, so that a roll loses no connection',
      );
    },
  },
  autostart: { read: (value) => withBoolean(value, (yes) => mapped({ autostart: yes })) },
  autorestart: {
    absent: true,
    read: (value, view) =>
      withBoolean(value, (yes) => mapped(yes && view.get('stop_exit_codes') !== undefined ? {} : { autorestart: yes })),
  },
  stop_exit_codes: {
    read: (value, view) => {
      const codes = [value].flat().map(Number);
      if (!codes.every((code) => Number.isInteger(code) && code >= 0 && code <= 255))
        return wrong('exit codes are from 0 to 255');
      const again = view.get('autorestart') !== false;
      return mapped({ exitCodes: [...new Set(codes)], ...(again ? { autorestart: 'unexpected' } : {}) });
    },
  },
  max_restarts: {
    read: (value) =>
      withNumber(value, (count) =>
        numberWithin(
          'startRetries',
          count - 1,
          0,
          1_000,
          `retries in a row, whenever they happen: not within min_uptime × ${count}`,
        ),
      ),
  },
  min_uptime: {
    read: (value) =>
      withTime(value, (ms) =>
        durationWithin('backoff.resetAfter', ms, 100, 24 * hour, 'healthy time after which failures are forgotten'),
      ),
  },
  restart_delay: {
    read: (value) =>
      withNumber(value, (ms) => {
        if (ms === 0) return differs({}, 'the first pause is 100ms, later ones are longer, up to 30s');
        const first = durationWithin('backoff.initial', ms, 10, hour);
        if (first.fate === 'wrong') return first;
        const set = {
          ...first.set,
          'backoff.max': first.set['backoff.initial'],
          'backoff.factor': 1,
          'backoff.jitter': 0,
        };
        return { ...first, set };
      }),
  },
  exp_backoff_restart_delay: {
    read: (value) =>
      withNumber(value, (ms) => {
        if (ms === 0) return mapped();
        const first = durationWithin(
          'backoff.initial',
          Math.min(ms, 15_000),
          10,
          hour,
          'pauses vary by a fifth, so that workers do not come back in step',
        );
        if (first.fate === 'wrong') return first;
        return {
          ...first,
          set: { ...first.set, 'backoff.max': '15s', 'backoff.factor': 1.5, 'backoff.resetAfter': '30s' },
        };
      }),
  },
  wait_ready: {
    read: (value) => withBoolean(value, (yes) => mapped(yes ? { 'readiness.type': 'message' } : {})),
  },
  listen_timeout: {
    read: (value) =>
      withNumber(value, (ms) =>
        durationWithin(
          'readiness.timeout',
          ms,
          100,
          hour,
          'a worker not ready by then has failed; PM2 takes it for ready',
        ),
      ),
  },
  kill_timeout: {
    read: (value) =>
      withNumber(value, (ms) =>
        durationWithin(
          'stop.killTimeout',
          ms,
          0,
          24 * hour,
          'time after SIGINT; before that the worker finishes what is open (drainTimeout)',
        ),
      ),
  },
  kill_retry_time: { read: () => differs({}, 'portherd hears at once when a process ends') },
  shutdown_with_message: {
    read: (value) => unlessFalse(value, none('no message is sent', 'listen for SIGINT, or onDrain() of portherd/app')),
  },
  treekill: {
    read: (value) => withBoolean(value, (yes) => mapped(yes ? { 'stop.group': true } : { 'stop.killGroup': false })),
  },
  max_memory_restart: { read: () => notYet.memoryLimit },
  cron_restart: {
    aliases: ['cron'],
    read: (value) =>
      String(value) === '0' ? mapped() : none('portherd has no clock for that', rollInstead('a timer')),
  },
  watch: {
    read: (value) =>
      unlessFalse(
        value,
        none('portherd watches no files', `node --watch while developing; after a deploy ${rollInstead('a hook')}`),
      ),
  },
  ignore_watch: { read: () => ofWatch },
  watch_delay: { read: () => ofWatch },
  watch_options: { read: () => ofWatch },
};

const ofWatch = none('portherd watches no files', 'see watch');
