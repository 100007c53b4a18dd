import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { getText } from '../../harness/get-text.ts';
import { nodeBinary, nodeNames } from '../../harness/nodes.ts';
import { SupervisedApp } from '../../harness/supervised-app.ts';

const npm = ['npm', '--prefix', 'npm-start', 'start', '--silent'];

describe.for(nodeNames)('on Node %s', (node) => {
  const here = test.skipIf(nodeBinary(node) === undefined);

  here('under `npm start` the process that listens becomes the worker, not npm nor what is between', async () => {
    await using served = await SupervisedApp.serving({ app: '', command: npm, preload: 'options', node });
    const [, between, server] = /between (\d+) (\d+) with token/.exec(served.output) ?? [];
    const attached = await served.event('attached');
    expect(attached.pid).toBe(Number(server));
    expect(new Set([served.pid, Number(between), attached.pid]).size).toBe(3);
    expect(await served.event('listening')).toMatchObject({ adopted: true });
    expect(await getText(served.port)).toBe(`pid ${server}`);
    served.drain(50, 1_000);
    await served.event('drained');
  });

  here.for(['argv', 'options'] as const)(
    'what a worker starts is no worker: a child finds the port taken, as without portherd (%s)',
    async (preload) => {
      await using served = await SupervisedApp.serving({ app: 'fork.cjs', preload, node });
      // What was in NODE_OPTIONS besides the preload is still there.
      const options = preload === 'argv' ? 'undefined' : '--no-warnings';
      expect(served.output).toContain(`child EADDRINUSE [] ${options}\n`);
      expect(served.events.filter(({ is }) => is === 'attached')).toHaveLength(1);
      expect(await getText(served.port)).toBe(`pid ${served.pid}`);
    },
  );

  here(
    'the workers of node:cluster are no workers of portherd, and its primary listens on the slot’s socket',
    async () => {
      await using served = await SupervisedApp.serving({ app: 'cluster.cjs', node });
      expect(await served.event('listening')).toMatchObject({ adopted: true });
      expect(await getText(served.port)).toMatch(/^pid \d+$/);
      expect(await getText(served.port)).not.toBe(`pid ${served.pid}`);
      served.drain(50, 500);
      await served.event('drained');
    },
  );

  here('worker threads are left alone, also when they are given the whole environment', async () => {
    const settings = {
      PORTHERD_CHANNEL: '/nowhere',
      PORTHERD_TOKEN: 'x',
      PORTHERD_LISTEN: '{"bind":"slot","readiness":"listening","ports":[]}',
      PORTHERD_CLAIM: 'boot',
    };
    await using served = await SupervisedApp.serving({
      app: 'worker-threads.cjs',
      env: { THREAD_ENV: JSON.stringify(settings) },
      node,
    });
    // Nothing took them: the thread still has them.
    expect(served.output).toContain('thread has PORTHERD_CHANNEL,PORTHERD_CLAIM,PORTHERD_LISTEN,PORTHERD_TOKEN\n');
    expect(served.events.filter(({ is }) => is === 'attached')).toHaveLength(1);
  });

  here('an environment of another version is no reason to fail: the app runs as without portherd', async () => {
    await using served = await SupervisedApp.start({
      app: 'plain-http.cjs',
      env: { PORTHERD_LISTEN: '{"bind":"elsewhere"}' },
      copies: 0,
      plan: { bind: 'worker' },
      node,
    });
    await served.prints('up');
    expect(await getText(served.port)).toBe(`pid ${served.pid}`);
    expect(served.events).toEqual([]);
  });

  here.for(['string', 'object'])(
    'readiness: message hears process.send (%s) where there is no IPC channel',
    async (kind) => {
      await using served = await SupervisedApp.serving({
        app: 'message-ready.cjs',
        env: { MESSAGE: kind },
        plan: { readiness: 'message' },
        node,
      });
      await served.event('ready');
      await served.prints('called back null');
      expect(served.output).toContain('send is function\nsent true\n');
    },
  );

  here('without readiness: message, process.send stays as it was', async () => {
    await using served = await SupervisedApp.serving({ app: 'message-ready.cjs', node });
    await served.prints('send is undefined\n');
  });

  here('the process ends by itself when the app has nothing left to do, with the channel open', async () => {
    await using served = await SupervisedApp.start({ app: 'ends-by-itself.cjs', node });
    await served.event('attached');
    expect(await served.ends()).toEqual({ code: 0, signal: null });
    expect(served.output).toBe('done\n');
    await served.event('detached');
  });

  here('process.argv, execArgv and the title are what they would be', async () => {
    await using served = await SupervisedApp.serving({ app: 'plain-http.cjs', node });
    const command = readFileSync(`/proc/${served.pid}/cmdline`, 'utf8').split('\0');
    expect(command.slice(1, 2)).toEqual(['--require']);
    expect(command.at(-2)).toMatch(/plain-http\.cjs$/);
  });
});
