import { describe, expect, test } from 'vitest';
import { freePort } from '../../harness/free-port.ts';
import { getText } from '../../harness/get-text.ts';
import { nodeBinary, nodeNames } from '../../harness/nodes.ts';
import { SupervisedApp } from '../../harness/supervised-app.ts';
import { until } from '../../harness/until.ts';

describe.for(nodeNames)('on Node %s', (node) => {
  const here = test.skipIf(nodeBinary(node) === undefined);

  here.for(['plain-http.cjs', 'esm.mjs', 'express.cjs', 'slow-boot.cjs', 'https.cjs', 'http2.cjs', 'net-echo.cjs'])(
    'an unmodified %s listens on the slot’s socket',
    async (app) => {
      await using served = await SupervisedApp.serving({ app, node });
      const attached = await served.event('attached');
      expect(attached.pid).toBe(served.pid);
      const listening = await served.event('listening');
      expect(listening).toMatchObject({ host: '127.0.0.1', port: served.port, adopted: true });
      expect(served.output).not.toContain('Warning');
    },
  );

  here('fastify’s second listen, on an address that is not declared, does not disturb', async () => {
    await using served = await SupervisedApp.serving({ app: 'fastify.mjs', node });
    expect(await served.event('listening')).toMatchObject({ port: served.port, adopted: true });
    expect(await getText(served.port)).toBe(`pid ${served.pid}`);
  });

  here('requests are answered and counted', async () => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', node });
    for (let times = 0; times < 3; times++) expect(await getText(served.port)).toBe(`pid ${served.pid}`);
    const { beat } = await served.event('beat', (event) => event.beat.total === 3 && event.beat.open === 0);
    expect(beat).toMatchObject({ total: 3, requests: 3, inFlight: 0, closedIdle: 0, closedHard: 0 });
  });

  here('a server that closes and listens again three times takes a copy each time', async () => {
    await using served = await SupervisedApp.serving({ app: 'relisten.cjs', node });
    for (let times = 2; times <= 4; times++) {
      expect(await getText(served.port, '/again')).toBe(`pid ${served.pid}`);
      // The options object is the app's own: no descriptor stays in it.
      await served.prints(`up ${times} host,port\n`);
    }
    expect(await getText(served.port)).toBe(`pid ${served.pid}`);
    const listened = (): number => served.events.filter((event) => event.is === 'listening' && event.adopted).length;
    await until(() => listened() === 4, { what: 'four to be told', explain: () => served.story() });
  });

  here('when the copies are spent it listens beside the slot’s socket, and says so', async () => {
    await using served = await SupervisedApp.serving({ app: 'relisten.cjs', node, copies: 1 });
    expect(await getText(served.port, '/again')).toBe(`pid ${served.pid}`);
    expect(await served.event('strayed')).toMatchObject({ why: expect.stringContaining(`port ${served.port}`) });
    await served.event('listening', (event) => !event.adopted);
  });

  here('with bind: worker it binds the port itself, where the operator said', async () => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', node, plan: { bind: 'worker' } });
    expect(await served.event('listening')).toMatchObject({ adopted: true });
    expect(served.output).toContain('"address":"127.0.0.1"');
    expect(await getText(served.port)).toBe(`pid ${served.pid}`);
  });

  here('a descriptor that is not the slot’s socket is left alone', async () => {
    const port = await freePort();
    const ports = [{ host: '127.0.0.1', port, backlog: 511, fds: [200, 201], inode: 1 }];
    await using served = await SupervisedApp.start({
      app: 'plain-http.cjs',
      node,
      env: { PORT: `${port}` },
      plan: { ports },
    });
    await served.prints('up');
    expect(await served.event('listening')).toMatchObject({ adopted: false });
  });
});
