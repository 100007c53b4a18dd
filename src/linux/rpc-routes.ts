import { versionHeader } from '../protocol/control.ts';
import { failure, type PortherdError } from '../shared/errors.ts';
import { rpcRequestBytesMax } from '../shared/limits.ts';
import { version } from '../shared/version.ts';
import type { Rpc } from '../supervisor/ports-rpc.ts';
import type { App, Reply } from './control-server.ts';

/** What supervisorctl and its kin ask for: XML-RPC, and logs as streams. Nothing of it is loaded before the first of them comes. */
export function routeRpc(
  app: App,
  rpc: () => Promise<Rpc>,
  refuse: (reply: Reply, error: PortherdError) => Reply,
): void {
  // In a scope of its own: these clients call their XML what they like.
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    const parser = { parseAs: 'string', bodyLimit: rpcRequestBytesMax } as const;
    scope.addContentTypeParser('*', parser, (_request, text, done) => done(null, text));
    for (const path of ['/RPC2', '/RPC2/']) {
      scope.post<{ Body: string | undefined }>(path, { bodyLimit: rpcRequestBytesMax }, async ({ body }, reply) => {
        const { answerRpc } = await import('./rpc-answer.ts');
        // supervisorctl's shell would ask again on a connection that has been closed as idle meanwhile, and fail.
        void reply.header('connection', 'close');
        const answered = await answerRpc(body ?? '', await rpc());
        if (!answered.ok) return refuse(reply, answered.error);
        return reply.type('text/xml').send(answered.value);
      });
    }
  });
  const tail = async (reply: Reply, name: string | undefined, stream: 'stdout' | 'stderr'): Promise<Reply> => {
    const path = (await rpc()).logFile(name, stream);
    if (!path.ok) return refuse(reply, path.error);
    const { streamLog } = await import('./log-stream.ts');
    const streamed = await streamLog(path.value, reply.raw, () => {
      reply.hijack();
      // Unbuffered by nginx.
      const head = { [versionHeader]: version, 'content-type': 'text/plain;charset=utf-8', 'x-accel-buffering': 'no' };
      reply.raw.writeHead(200, head);
      reply.raw.flushHeaders();
    });
    return streamed.ok ? reply : refuse(reply, streamed.error);
  };
  app.get('/mainlogtail', (_request, reply) => tail(reply, undefined, 'stdout'));
  app.get<{ Params: { name: string; stream?: string } }>('/logtail/:name/:stream?', ({ params }, reply) => {
    const { name, stream = 'stdout' } = params;
    if (stream !== 'stdout' && stream !== 'stderr') {
      return refuse(reply, failure('NOT_FOUND', `a process has stdout and stderr, not ${stream}`));
    }
    return tail(reply, name, stream);
  });
}
