import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { HookConfig } from '../../../src/config/hook-config.ts';
import type { Fact } from '../../../src/core/events.ts';
import { failure } from '../../../src/shared/errors.ts';
import { err, ok, type Result } from '../../../src/shared/result.ts';
import { HeardLog } from '../../../src/supervisor/heard-log.ts';
import { hookRecord } from '../../../src/supervisor/hook-message.ts';
import { Hooks } from '../../../src/supervisor/hooks.ts';
import { LiveWorkers } from '../../../src/supervisor/live-workers.ts';
import type { LogFields } from '../../../src/supervisor/ports.ts';
import type { HookFailure, HookMessage } from '../../../src/supervisor/ports-hooks.ts';

const page: HookConfig = {
  name: 'page',
  events: ['fatal', 'exited', 'started', 'spawned'],
  programs: [],
  command: ['notify'],
  directory: '/',
  headers: {},
  timeout: 1_000,
  retries: 1,
  backoff: { initial: 1_000, max: 60_000 },
  queue: 2,
};

const fatal: Fact = { event: 'fatal', slot: 0, why: 'it crashes' };

/** Hooks on a supervisor that only hears and tells; `answer` ends the delivery that is under way. */
class Scene {
  hooks: readonly HookConfig[];
  readonly workers = new LiveWorkers();
  readonly watchers = new Set<(program: string, fact: Fact | undefined) => void>();
  readonly logged: LogFields[] = [];
  readonly sent: { message: HookMessage; body: Record<string, unknown>; abort: AbortSignal }[] = [];
  answer: (result: Result<undefined, HookFailure>) => void = () => undefined;
  readonly under: Hooks;
  readonly log: HeardLog;

  constructor(...hooks: readonly HookConfig[]) {
    this.hooks = hooks;
    const keep = (fields: LogFields): void => void this.logged.push(fields);
    this.log = new HeardLog({ debug: () => undefined, info: keep, warn: keep, error: keep });
    this.under = new Hooks(this, 'me', {
      clock: { now: () => performance.now(), wall: () => 1_000 + performance.now(), wakeAt: () => undefined },
      log: this.log,
      sender: { host: 'north', pid: 7, version: '1' },
      delivery: {
        check: ({ command }) => (command?.[0] === 'gone' ? err(failure('NO_FILE', 'no `gone`')) : ok()),
        deliver: (message, abort) => {
          const { promise, resolve } = Promise.withResolvers<Result<undefined, HookFailure>>();
          this.sent.push({ message, body: JSON.parse(message.body), abort });
          abort.addEventListener('abort', () => resolve(err({ why: 'broken off', refused: false })));
          this.answer = resolve;
          return promise;
        },
      },
    });
    this.log.hear = (fields) => this.under.hearLog(fields);
  }

  watch(watcher: (program: string, fact: Fact | undefined) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  async tell(program: string, ...facts: readonly (Fact | undefined)[]): Promise<void> {
    for (const fact of facts) for (const watcher of this.watchers) watcher(program, fact);
    await vi.advanceTimersByTimeAsync(0);
  }

  async end(result: Result<undefined, HookFailure>): Promise<void> {
    this.answer(result);
    await vi.advanceTimersByTimeAsync(0);
  }

  events(): unknown[] {
    return this.sent.map(({ body }) => body['event']);
  }

  logs(event: string): readonly LogFields[] {
    return this.logged.filter((fields) => fields.event === event);
  }
}

const failing = err({ why: 'no', refused: false });

describe('hooks', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('tell what they asked for: of their programs, and of the daemon’s own log', async () => {
    const scene = new Scene({ ...page, programs: ['web'] }, { ...page, name: 'all' });
    await scene.tell('api', fatal, { event: 'stopped', slot: 1 });
    await scene.tell('web', fatal);
    scene.log.info({ event: 'started', pid: 7 }, 'portherd runs');
    scene.log.info({ event: 'hookRecovered' }, 'not told');
    scene.log.debug({ event: 'shuttingDown' }, 'not told');
    expect(scene.sent.map(({ body }) => [body['hook'], body['event'], body['program']])).toEqual([
      ['all', 'fatal', 'api'],
      ['page', 'fatal', 'web'],
    ]);
    expect(scene.under.hooks().hooks).toMatchObject([{ queued: 1 }, { queued: 3, state: 'sending' }]);
  });

  test('say which process it was, also when that is gone', async () => {
    const scene = new Scene(page);
    const [slot, worker, generation] = [3, 9, 1];
    await scene.tell('web', { event: 'spawned', slot, worker, generation, pid: 4711 });
    await scene.end(ok());
    await scene.tell('web', { event: 'exited', slot, worker, how: 'SIGKILL', expected: false });
    expect(scene.sent[1]?.body).toMatchObject({ pid: 4711, text: 'web:3 on north: exited: SIGKILL', id: 'me-2' });
    expect(scene.sent[1]?.message.variables).toMatchObject({
      PORTHERD_EVENT: 'exited',
      PORTHERD_PROGRAM: 'web',
      PORTHERD_SLOT: '3',
      PORTHERD_PID: '4711',
      PORTHERD_HOW: 'SIGKILL',
      PORTHERD_ATTEMPT: '1',
    });
  });

  test('in trouble are told of once, and what is lost at most once a minute', async () => {
    const scene = new Scene({ ...page, retries: 0, backoff: { initial: 10, max: 10 } });
    for (let count = 0; count < 30; count += 1) {
      await scene.tell('web', fatal);
      await scene.end(failing);
      await vi.advanceTimersByTimeAsync(20);
    }
    expect(scene.logs('hookFailing')).toHaveLength(1);
    expect(scene.logs('hookGaveUp')).toMatchObject([{ hook: 'page', about: 'fatal', why: 'no', events: 1 }]);
    await vi.advanceTimersByTimeAsync(60_000);
    await scene.tell('web', fatal);
    await scene.end(failing);
    expect(scene.logs('hookGaveUp')).toMatchObject([{}, { events: 30 }]);
    await vi.advanceTimersByTimeAsync(20);
    await scene.tell('web', fatal, fatal, fatal, fatal, fatal);
    expect(scene.logs('hookDropped')).toMatchObject([{ events: 1 }]);
    await scene.end(ok());
    expect(scene.logs('hookRecovered')).toMatchObject([{ hook: 'page', lost: 33 }]);
    expect(scene.under.hooks().hooks[0]).toMatchObject({ delivered: 1, failed: 31, dropped: 2, queued: 2 });
    expect(scene.under.hooks().hooks[0]?.lastError).toMatchObject({ event: 'fatal', why: 'no' });
  });

  test('change while they wait: what waits goes to the new place at once, what is gone is told', async () => {
    const scene = new Scene(page, { ...page, name: 'old' });
    await scene.tell('web', fatal, fatal);
    await scene.end(failing);
    scene.hooks = [{ ...page, command: ['gone'] }];
    await scene.tell('', undefined);
    expect(scene.sent.at(-1)?.message.hook.command).toEqual(['notify']);
    expect(scene.logs('hookUnusable')).toHaveLength(1);
    expect(scene.logs('hookLeft')).toMatchObject([{ hook: 'old', events: 2, why: 'the hook is gone' }]);
    expect(scene.under.hooks().hooks.map(({ name }) => name)).toEqual(['page']);
    expect(scene.sent.filter(({ abort }) => abort.aborted)).toHaveLength(1);
  });

  test('can be tried: once, before all others', async () => {
    const scene = new Scene(page);
    await scene.tell('web', fatal);
    await scene.end(failing);
    const tested = scene.under.testHook({ hook: 'page' });
    expect(await scene.under.testHook({ hook: 'page' })).toMatchObject({ error: { code: 'HOOK_FAILED' } });
    await vi.advanceTimersByTimeAsync(0);
    expect(scene.events()).toEqual(['fatal', 'test']);
    await scene.end(ok());
    expect(await tested).toMatchObject({ value: { hook: 'page' } });
    // It works: the rest follows at once.
    expect(scene.events()).toEqual(['fatal', 'test', 'fatal']);
    const again = scene.under.testHook({ hook: 'page' });
    await scene.end(ok());
    await scene.end(failing);
    expect(await again).toMatchObject({ error: { code: 'HOOK_FAILED', message: 'page: no' } });
    expect(await scene.under.testHook({ hook: 'nope' })).toMatchObject({ error: { code: 'BAD_NAME' } });
  });

  test('have five seconds at the end', async () => {
    const scene = new Scene(page, { ...page, name: 'quick', events: ['stopped'] });
    await scene.tell('web', fatal, fatal);
    const waiting = scene.under.testHook({ hook: 'page' });
    let closed = false;
    const closing = scene.under.close().then(() => (closed = true));
    await scene.end(failing);
    await scene.tell('web', fatal);
    await vi.advanceTimersByTimeAsync(4_900);
    expect(closed).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(closed).toBe(true);
    await closing;
    expect(scene.logs('hookLeft')).toMatchObject([{ hook: 'page', events: 2, why: 'the daemon ends' }]);
    expect(scene.sent.at(-1)?.message.hurried).toBe(true);
    expect(scene.sent.at(-1)?.abort.aborted).toBe(true);
    expect((await waiting).ok).toBe(false);
    expect(await scene.under.testHook({ hook: 'page' })).toMatchObject({ error: { code: 'SHUTTING_DOWN' } });
    expect(scene.watchers.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('hand over what they have not delivered, and go on with it', async () => {
    const scene = new Scene({ ...page, queue: 3 }, { ...page, name: 'quick' });
    await scene.tell('web', fatal, fatal);
    await scene.end(ok());
    await vi.advanceTimersByTimeAsync(0);
    const handing = scene.under.handOver();
    // The one that is under way may end, and does for one of them.
    await scene.end(failing);
    await vi.advanceTimersByTimeAsync(600);
    const queues = await handing;
    expect(queues).toMatchObject([
      { hook: 'page', waiting: [{ id: 'me-1' }, { id: 'me-3' }] },
      { hook: 'quick', waiting: [{ id: 'me-4', attempt: 2 }] },
    ]);
    expect(scene.logs('hookLeft')).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
    const next = new Scene(page);
    next.under.resume(JSON.parse(JSON.stringify(queues)));
    await next.tell('web', fatal);
    await next.end(ok());
    expect(next.sent.map(({ body }) => body['id'])).toEqual(['me-1', 'me-3']);
    expect(next.logs('hookLeft')).toMatchObject([{ hook: 'quick', events: 1, why: 'the hook is gone' }]);
  });

  test('end at once when nothing waits', async () => {
    const scene = new Scene(page);
    await scene.under.close();
    expect(scene.logged).toEqual([]);
  });
});

test('texts without an end are cut, and errors are their messages', () => {
  const record = hookRecord('fatal', 0, {
    why: 'x'.repeat(9_999),
    error: failure('NO_FILE', 'no `a`'),
    nested: { a: 1 },
  });
  expect(record).toEqual({
    event: 'fatal',
    time: '1970-01-01T00:00:00.000Z',
    why: `${'x'.repeat(2_047)}…`,
    error: 'no `a`',
    nested: '{"a":1}',
  });
});
