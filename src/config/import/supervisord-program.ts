import { slotsMax } from '../../shared/limits.ts';
import { account } from '../process-kinds.ts';
import { stopSignal } from '../program-kinds.ts';
import { durationWithin, numberWithin } from './clamp.ts';
import { differs, mapped, none, type Outcome, wrong } from './outcome.ts';
import { logRules } from './supervisord-logs.ts';
import { type ProgramRule, type ProgramView, withBoolean, withInteger } from './supervisord-rule.ts';
import { environmentOf, listOfTexts, noPath, octalOf, pathOf, wordsOf } from './supervisord-values.ts';
import { commandSetting } from './words.ts';

const second = 1_000;
const hour = 3_600 * second;

/** Every option of [program:x] (process_name, numprocs and numprocs_start are read by supervisord-copies.ts, too). */
export const programRules: Readonly<Record<string, ProgramRule>> = {
  command: { absent: '', read: command },
  process_name: {
    read: (text, view) =>
      text === view.name || text === '%(program_name)s' || view.workers > 1
        ? mapped()
        : differs({}, `its worker is ${view.name}:0`),
  },
  numprocs: {
    absent: '1',
    read: (_text, { workers }) =>
      workers === 0
        ? differs({ workers: 1 }, 'it is there, but not started')
        : numberWithin('workers', workers, 1, slotsMax),
  },
  numprocs_start: {
    read: (text, { workers }) =>
      workers > 1 && Number(text) !== 0 ? differs({}, 'slots are numbered from 0') : mapped(),
  },
  priority: { read: (text) => withInteger(text, (number) => numberWithin('priority', number, -9_999, 9_999)) },
  autostart: { read: (text) => withBoolean(text, (yes) => mapped({ autostart: yes })) },
  autorestart: {
    read: (text) =>
      text.trim().toLowerCase() === 'unexpected'
        ? mapped({ autorestart: 'unexpected' })
        : withBoolean(text, (yes) => mapped({ autorestart: yes })),
  },
  startsecs: { read: (text) => withInteger(text, startsecs) },
  // supervisord waits 1, 2, 3 … s between its retries; portherd's 0.1 s would have given up before a database is back.
  startretries: {
    absent: '3',
    read: (text) =>
      withInteger(text, (retries) => {
        const count = numberWithin('startRetries', retries, 0, 1_000);
        if (count.fate !== 'mapped') return count;
        const set = { ...count.set, 'backoff.initial': '1s' };
        return retries === 0 ? mapped(count.set) : differs(set, 'the pauses are 1, 2, 4 … s up to 30s, not 1, 2, 3 …');
      }),
  },
  exitcodes: {
    read: (text) => {
      const codes = listOfTexts(text).map(Number);
      return codes.every((code) => Number.isInteger(code) && code >= 0 && code <= 255)
        ? mapped({ exitCodes: [...new Set(codes)] })
        : wrong(`"${text}" is no list of exit codes from 0 to 255`);
    },
  },
  stopsignal: {
    read: (text) => {
      const name = text.trim().toUpperCase().replace(/^SIG/, '');
      const read = stopSignal().read(/^\d+$/.test(name) ? Number(name) : name);
      if (read.ok) return mapped({ 'stop.signal': read.value.slice('SIG'.length) });
      return differs({ 'stop.signal': 'TERM' }, `${name} is no signal that ends a server; TERM is sent`);
    },
  },
  // No `listen`, so nothing drains: the signal goes out at once, as there.
  stopwaitsecs: {
    absent: '10',
    read: (text) =>
      withInteger(text, (wait) => {
        const kill = durationWithin('stop.killTimeout', wait * second, 0, 24 * hour);
        if (kill.fate === 'wrong') return kill;
        return { ...kill, set: { ...kill.set, 'stop.drainTimeout': '0s' } };
      }),
  },
  stopasgroup: {
    read: (text) => withBoolean(text, (yes) => mapped({ 'stop.group': yes })),
  },
  killasgroup: {
    read: (text, view) =>
      withBoolean(text, (yes) => {
        if (yes) return mapped();
        if (/^(true|yes|on|1)$/i.test(view.text('stopasgroup')?.trim() ?? ''))
          return wrong('false contradicts stopasgroup=true');
        return mapped({ 'stop.killGroup': false });
      }),
  },
  user: {
    read: (text) => {
      const user = account('a user’s name or number').read(text.trim());
      return user.ok ? mapped({ user: user.value }) : wrong(`"${text}" is no user’s name or number`);
    },
  },
  umask: {
    absent: '',
    read: (text, view) => {
      const written = text.trim() === '' ? view.umask : text;
      if (written === undefined) return mapped();
      const mode = octalOf(written);
      return mode.ok ? mapped({ umask: (mode.value & 0o777).toString(8).padStart(3, '0') }) : wrong(mode.error);
    },
  },
  environment: { absent: '', read: environment },
  directory: {
    absent: '',
    read: (text, { directory, home }) => {
      const written = text.trim() === '' ? directory : text.trim();
      if (written === undefined) return mapped();
      const path = pathOf(written, home);
      return path === undefined ? noPath : mapped({ directory: path });
    },
  },
  serverurl: {
    read: (text) =>
      ['AUTO', ''].includes(text.trim().toUpperCase())
        ? mapped()
        : none('SUPERVISOR_SERVER_URL is always portherd’s own socket', 'another variable under environment'),
  },
  ...logRules,
};

function command(text: string, view: ProgramView): Outcome {
  const words = wordsOf(text);
  if (words === undefined) {
    return text.trim() === '' ? wrong('missing; a program needs a command') : wrong('a quote in it is not closed');
  }
  const isSocket = view.kind === 'fcgi-program' && view.text('socket')?.startsWith('tcp://') === true;
  const how = text.includes('%(ENV_') ? 'each word stays one, also where a variable holds several' : undefined;
  if (!isSocket) return commandSetting(words, how);
  return commandSetting(
    ['sh', '-c', 'exec "$0" "$@" <&3', ...words],
    'FastCGI wants its socket at descriptor 0, portherd hands sockets over from 3 on; the shell moves it and is gone',
  );
}

function startsecs(seconds: number): Outcome {
  if (seconds === 1) return mapped();
  if (seconds < 1) return differs({}, 'a worker is RUNNING when it was alive for 1s');
  const wait = durationWithin('roll.minReady', Math.max(2, seconds) * second, 0, hour);
  const reset = durationWithin('backoff.resetAfter', Math.max(10, seconds) * second, 100, 24 * hour);
  if (wait.fate === 'wrong' || reset.fate === 'wrong') return wait;
  return differs(
    { ...wait.set, ...reset.set },
    `a worker is RUNNING after 1s; a roll waits for minReady, and failures before resetAfter count towards startRetries. With \`listen\` it is RUNNING when it listens`,
  );
}

function environment(text: string, view: ProgramView): Outcome {
  const pairs = environmentOf(text);
  if (!pairs.ok) return wrong(pairs.error);
  const all = Object.entries({ ...view.environment, ...pairs.value });
  const own = all.filter(([name]) => /^(PORTHERD_.*|LISTEN_FDS|LISTEN_PID|LISTEN_FDNAMES)$/.test(name));
  const set = { environment: Object.fromEntries(all.filter((pair) => !own.includes(pair))) };
  return own.length === 0
    ? mapped(set)
    : differs(set, `${own.map(([name]) => name).join(', ')} is left out: portherd sets it itself`);
}
