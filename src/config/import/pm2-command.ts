import { commandWords } from '../command-words.ts';
import { literalText } from './expand.ts';
import type { AppView } from './pm2-app.ts';
import { type Outcome, wrong } from './outcome.ts';
import { shown, wordsIn } from './pm2-values.ts';
import { commandSetting } from './words.ts';

/** script, interpreter, node_args and args → command, as PM2 would start it (lib/Common.js, resolveInterpreter). */
export function pm2Command(script: unknown, view: AppView): Outcome {
  if (typeof script !== 'string' || script.trim() === '') return wrong('an app needs a script');
  // PM2 gives such a script to bash, and forgets args.
  if (script.includes(' ')) {
    const words = commandWords(script);
    const plain = words.ok && !/[*?~#{}=!\\]/.test(script);
    return commandSetting((plain ? words.value : ['bash', '-c', script]).map(literalText));
  }
  const [args, before] = [wordsIn(view.get('args')), wordsIn(view.get('node_args'))];
  if (args === undefined || before === undefined)
    return wrong(`${args === undefined ? 'args' : 'node_args'} is neither a list nor a text`);
  const chosen = view.get('exec_interpreter');
  if (chosen !== undefined && typeof chosen !== 'string') return wrong(`interpreter ${shown(chosen)} is no text`);
  const { interpreter, how } = interpreterOf(script, chosen);
  const maps = isNode(interpreter) && view.get('source_map_support') === true ? ['--enable-source-maps'] : [];
  const words =
    interpreter === undefined ? [local(script), ...args] : [interpreter, ...maps, ...before, script, ...args];
  return commandSetting(words.map(literalText), how);
}

/** Whether portherd can give it its port without its help: Node, or something that starts Node. */
export function servesPort(view: AppView): boolean {
  const script = view.get('script');
  if (typeof script !== 'string') return false;
  const first = script.trim().split(' ')[0] ?? '';
  if (/^(npm|npx|pnpm|yarn|node|next|nuxt|nest)$/.test(first)) return true;
  const chosen = view.get('exec_interpreter');
  return isNode(interpreterOf(script, typeof chosen === 'string' ? chosen : undefined).interpreter);
}

export function isPython(view: AppView): boolean {
  const [script, chosen] = [view.get('script'), view.get('exec_interpreter')];
  return typeof chosen === 'string' ? chosen.includes('python') : typeof script === 'string' && script.endsWith('.py');
}

interface Interpreter {
  /** Undefined: the script is started itself. */
  readonly interpreter: string | undefined;
  readonly how?: string;
}

function interpreterOf(script: string, chosen: string | undefined): Interpreter {
  if (chosen === 'none') return { interpreter: undefined };
  if (chosen?.startsWith('node@') === true) {
    return {
      interpreter: 'node',
      how: `${chosen} was a version that nvm has; write the path of that node as the first word`,
    };
  }
  if (chosen !== undefined) return { interpreter: chosen };
  const extension = /[^/](\.\w+)$/.exec(script)?.[1] ?? '';
  if (extension === '.ts' || extension === '.tsx') {
    return {
      interpreter: 'node',
      how: 'PM2 takes bun where it is installed, else node; here it is node, which needs 22.18 or newer for TypeScript',
    };
  }
  const known = interpreters[extension];
  if (known !== undefined) return { interpreter: known };
  // A name such as npm: PM2 finds it in PATH.
  if (!script.includes('/') && extension === '') return { interpreter: undefined };
  return { interpreter: 'node', how: 'PM2 takes node unless the file is a binary; if it is one, take node away' };
}

const interpreters: Readonly<Record<string, string>> = {
  '.js': 'node',
  '.cjs': 'node',
  '.mjs': 'node',
  '.sh': 'bash',
  '.py': 'python3',
  '.rb': 'ruby',
  '.php': 'php',
  '.pl': 'perl',
  '.coffee': 'coffee',
  '.ls': 'lsc',
};

function isNode(interpreter: string | undefined): boolean {
  return interpreter !== undefined && /(^|\/)node$/.test(interpreter);
}

/** Without a slash portherd looks in PATH alone; a name with an extension is a file beside it. */
function local(script: string): string {
  return script.includes('/') || !script.includes('.') ? script : `./${script}`;
}
