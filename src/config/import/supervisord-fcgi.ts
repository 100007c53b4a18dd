import { host } from '../program-kinds.ts';
import { differs, mapped, none, type Outcome, wrong } from './outcome.ts';
import { type PortsTaken, portOf } from './ports.ts';
import type { ProgramRule, ProgramView } from './supervisord-rule.ts';
import { integerOf, octalOf } from './supervisord-values.ts';

/** What [fcgi-program:x] has besides the options of a program: its socket. */
export function fcgiRules(ports: PortsTaken): Readonly<Record<string, ProgramRule>> {
  const unixOnly = none('portherd opens no Unix sockets for programs', 'tcp:// on 127.0.0.1');
  return {
    socket: { absent: '', read: (text, view) => socket(text, view, ports) },
    socket_backlog: {
      // It is written with the socket.
      read: (text, view) => {
        const backlog = integerOf(text);
        if (!backlog.ok) return wrong(backlog.error);
        if (backlog.value < 1 || backlog.value > 65_535) return wrong(`${text} is not from 1 to 65535`);
        return view.text('socket')?.startsWith('unix:') === true ? unixOnly : mapped();
      },
    },
    socket_owner: { read: () => unixOnly },
    socket_mode: { read: (text) => (octalOf(text).ok ? unixOnly : wrong(`"${text}" is no octal mode`)) },
  };
}

function socket(text: string, view: ProgramView, ports: PortsTaken): Outcome {
  if (text.startsWith('unix:///')) {
    return {
      ...none(
        'portherd opens no Unix sockets for programs',
        `socket=tcp://127.0.0.1:PORT, and that port in the web server; until then it is not started`,
      ),
      set: { autostart: false },
    };
  }
  const [, name = '', digits] = /^tcp:\/\/([^\s:]+|\[[\da-fA-F:]+\]):(\d+)$/.exec(text) ?? [];
  const port = portOf(digits);
  if (port === undefined) return wrong(`"${text}" is neither tcp://host:port nor unix:///absolute/path`);
  const address = addressOf(name);
  const other = ports.take(port, view.name, address);
  if (other !== undefined)
    return { ...none(`port ${port} is that of ${other}`, 'another port'), set: { autostart: false } };
  const backlog = Number(view.text('socket_backlog'));
  const listen = {
    port,
    ...(address === undefined ? {} : { host: address }),
    ...(backlog >= 1 && backlog <= 65_535 ? { backlog } : {}),
  };
  if (address === undefined) return differs({ listen: [listen] }, `${name} is a name; write its address as host`);
  return differs({ listen: [listen] }, 'each worker has a queue of its own, not all one');
}

function addressOf(name: string): string | undefined {
  if (name === 'localhost') return '127.0.0.1';
  if (name.startsWith('[')) return addressOf(name.slice(1, -1));
  return host().read(name).ok ? name : undefined;
}
