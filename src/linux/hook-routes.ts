import { controlRequests } from '../protocol/control-requests.ts';
import type { HookControl } from '../supervisor/ports-hooks.ts';
import type { App } from './control-server.ts';
import type { Replies } from './log-routes.ts';

/** The control socket's requests about hooks; their table is in protocol/control-hooks.ts. */
export function routeHooks(app: App, hooks: HookControl, { refuse }: Pick<Replies, 'refuse'>): void {
  const { hookTest } = controlRequests;
  app.get('/v1/hooks', () => hooks.hooks());
  app.post('/v1/hooks/test', { schema: { body: hookTest.schema } }, async ({ body }, reply) => {
    const tested = await hooks.testHook(hookTest.of(body));
    return tested.ok ? reply.send(tested.value) : refuse(reply, tested.error);
  });
}
