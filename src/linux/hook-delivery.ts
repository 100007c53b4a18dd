import { failure } from '../shared/errors.ts';
import { err, ok } from '../shared/result.ts';
import type { HookDelivery } from '../supervisor/ports-hooks.ts';
import { resolveCommand } from './command.ts';
import { HookGate } from './hook-gate.ts';
import { runHookCommand } from './hook-command.ts';
import { postToHook } from './hook-request.ts';
import type { Environment } from './worker-env.ts';

/** How hooks tell what happens: by a command, or by a POST. `env` is the daemon's. */
export function createHookDelivery(env: Environment, controlSocket: string): HookDelivery {
  const gate = new HookGate();
  return {
    deliver(message, abort) {
      const { url } = message.hook;
      if (url === undefined) return runHookCommand(message, { env, controlSocket, gate }, abort);
      return postToHook(message, url, gate, abort);
    },

    check({ name, command, directory }) {
      if (command === undefined) return ok();
      const found = resolveCommand(command, directory, env);
      if (found.ok) return ok();
      const { code, message, advice } = found.error;
      return err(failure(code, `hook ${name}: ${message}`, advice));
    },
  };
}
