import type { LogPartReply } from '../protocol/control-logs.ts';
import { controlRequests } from '../protocol/control-requests.ts';
import type { PortherdError } from '../shared/errors.ts';
import type { LogControl } from '../supervisor/ports-logs.ts';
import type { App, Reply } from './control-server.ts';
import { LineReply } from './line-reply.ts';

/** How control-server.ts answers. */
export interface Replies {
  readonly refuse: (reply: Reply, error: PortherdError) => Reply;
  readonly beginLines: (reply: Reply) => void;
}

/** The control socket's requests about logs; their table is in protocol/control-logs.ts. */
export function routeLogs(app: App, logs: LogControl, { refuse, beginLines }: Replies): void {
  const { logWhere, logRead, logFollow, names } = controlRequests;
  app.post('/v1/logs/where', { schema: { body: logWhere.schema } }, ({ body }, reply) =>
    reply.send(logs.where(logWhere.of(body))),
  );
  app.post('/v1/logs/read', { schema: { body: logRead.schema } }, async ({ body }, reply) => {
    const read = await logs.read(logRead.of(body));
    if (!read.ok) return refuse(reply, read.error);
    const { bytes, size } = read.value;
    const part: LogPartReply = { base64: Buffer.from(bytes).toString('base64'), size };
    return reply.send(part);
  });
  app.post('/v1/logs/clear', { schema: { body: names.schema } }, async ({ body }, reply) =>
    reply.send(await logs.clear(names.of(body))),
  );
  app.post('/v1/logs/follow', { schema: { body: logFollow.schema } }, async ({ body }, reply) => {
    const lines = new LineReply(reply.raw, () => beginLines(reply));
    const followed = await logs.follow(logFollow.of(body), (line) => lines.tell(line), lines.left);
    if (!followed.ok && !lines.begun) return refuse(reply, followed.error);
    if (lines.begun) lines.end();
    return reply;
  });
}
