import { type HookConfig, hookTarget } from '../config/hook-config.ts';
import {
  type Delivery,
  hookDeadline,
  type HookQueue,
  type HookQueueEffect,
  type HookQueueEvent,
  newHookQueue,
  stepHookQueue,
} from '../core/hook-queue.ts';
import type { HookMoment, HookStatus } from '../protocol/control-hooks.ts';
import { messageOf } from '../shared/errors.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { hookMessage, type HookRecord, type HookSender } from './hook-message.ts';
import { HookTrouble } from './hook-trouble.ts';
import type { Clock, Log } from './ports.ts';
import type { HookDelivery, HookFailure } from './ports-hooks.ts';

export interface HookTools {
  readonly clock: Clock;
  readonly log: Log;
  readonly delivery: HookDelivery;
  readonly sender: HookSender;
}

/** One hook at work: feeds its queue, and carries out what that decides. Nothing of it throws into whoever told it. */
export class HookRunner {
  readonly #tools: HookTools;
  readonly #trouble: HookTrouble;
  #config: HookConfig;
  #queue: HookQueue<HookRecord> = newHookQueue();
  #timer: NodeJS.Timeout | undefined;
  #abort = new AbortController();
  #under: Promise<void> | undefined;
  #tested: ((outcome: Result<undefined, string>) => void) | undefined;
  #lastDelivered: HookMoment | undefined;
  #lastError: HookStatus['lastError'];
  #closing = false;

  constructor(config: HookConfig, tools: HookTools) {
    this.#config = config;
    this.#tools = tools;
    this.#trouble = new HookTrouble(config.name, tools.log);
    this.#check();
  }

  get config(): HookConfig {
    return this.#config;
  }

  /** Nothing waits, and nothing is under way. */
  get isIdle(): boolean {
    return this.#queue.sending === undefined && this.#queue.waiting.length === 0;
  }

  /** From the next attempt on, which is made at once: what waited may go there now. */
  reconfigure(config: HookConfig): void {
    this.#config = config;
    this.#check();
    this.#step({ is: 'hurried' });
  }

  tell(id: string, event: HookRecord): void {
    this.#step({ is: 'enqueued', id, event });
  }

  /** One attempt, before all that waits. The error says why it failed. */
  test(id: string, event: HookRecord): Promise<Result<undefined, string>> {
    if (this.#tested !== undefined) return Promise.resolve(err('another test of it is under way'));
    const { promise, resolve } = Promise.withResolvers<Result<undefined, string>>();
    this.#tested = resolve;
    this.#step({ is: 'testAsked', id, event });
    return promise;
  }

  /** What a former image of the daemon left. */
  resume(waiting: readonly Delivery<HookRecord>[]): void {
    this.#step({ is: 'resumed', waiting });
  }

  /** Begins nothing more; what is under way may end until then. */
  async hold(graceMs: number): Promise<void> {
    this.#step({ is: 'held' });
    await Promise.race([this.#under, pause(graceMs)]);
  }

  /** What is not delivered yet, for the next image, and when nothing of it runs any more. */
  handOver(): { readonly waiting: readonly Delivery<HookRecord>[]; readonly over: Promise<unknown> } {
    const { sending, waiting } = this.#queue;
    // Whoever asked for a test hears that it was broken off.
    const under = sending === undefined || sending.isTest ? [] : [sending];
    return { over: this.close('the daemon replaces itself'), waiting: [...under, ...waiting] };
  }

  /** Everything that waits is tried now, and again soon. */
  hurry(): void {
    this.#closing = true;
    this.#step({ is: 'hurried' });
  }

  /** What waits and what is under way is left undone. Answers how many that were, when nothing of it runs any more. */
  async close(why: string): Promise<number> {
    const { dropped } = this.#queue;
    this.#step({ is: 'closed', why });
    this.#abort.abort();
    await this.#under;
    return this.#queue.dropped - dropped;
  }

  status(): HookStatus {
    const { sending, waiting, failures, pausedUntil, delivered, givenUp, dropped } = this.#queue;
    const { name, events, programs } = this.#config;
    const left = Math.max(0, Math.round(pausedUntil - this.#tools.clock.now()));
    const paused = sending === undefined && waiting.length > 0;
    return {
      name,
      target: hookTarget(this.#config),
      events,
      programs,
      state: sending !== undefined ? 'sending' : paused ? 'paused' : 'idle',
      queued: waiting.length + (sending === undefined || sending.isTest ? 0 : 1),
      delivered,
      failed: givenUp,
      dropped,
      failures,
      ...(paused && { retryInMs: left }),
      ...(this.#lastDelivered !== undefined && { lastDelivered: this.#lastDelivered }),
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
    };
  }

  #check(): void {
    const found = this.#tools.delivery.check(this.#config);
    if (found.ok) return;
    const fields = { event: 'hookUnusable', hook: this.#config.name, error: found.error.message };
    this.#tools.log.warn(fields, 'a hook’s command cannot be run');
  }

  #step(event: HookQueueEvent<HookRecord>): void {
    const { clock } = this.#tools;
    const { queue, retries, backoff } = this.#config;
    // At the end there is no time for long pauses.
    const policy = { queue, retries, backoff: this.#closing ? { ...backoff, max: backoff.initial } : backoff };
    const [next, ...effects] = stepHookQueue(this.#queue, event, clock.now(), policy);
    this.#queue = next;
    for (const effect of effects) this.#perform(effect);
    clearTimeout(this.#timer);
    const due = hookDeadline(this.#queue);
    if (Number.isFinite(due))
      this.#timer = setTimeout(() => this.#step({ is: 'tick' }), Math.max(1, Math.ceil(due - clock.now()))).unref();
  }

  #perform(effect: HookQueueEffect<HookRecord>): void {
    if (effect.do === 'note') return this.#note(effect);
    // Not from within a decision of the supervisor: starting a process takes milliseconds.
    this.#under = Promise.resolve(effect.delivery).then((delivery) => this.#send(delivery));
  }

  async #send(delivery: Delivery<HookRecord>): Promise<void> {
    const sent = await this.#attempt(delivery);
    // It has been dropped meanwhile.
    if (this.#queue.sending !== delivery) return;
    this.#step(sent.ok ? { is: 'delivered' } : { is: 'failed', ...sent.error });
  }

  async #attempt(delivery: Delivery<HookRecord>): Promise<Result<undefined, HookFailure>> {
    const { signal } = this.#abort;
    if (signal.aborted) return ok();
    try {
      const message = hookMessage(this.#config, delivery, this.#tools.sender, this.#closing);
      return await this.#tools.delivery.deliver(message, signal);
    } catch (thrown) {
      const error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      this.#tools.log.error({ event: 'hookBroke', hook: this.#config.name, error }, 'delivering an event broke');
      return err({ why: messageOf(thrown), refused: false });
    }
  }

  #note(effect: HookQueueEffect<HookRecord> & { do: 'note' }): void {
    const { what, delivery, why } = effect;
    const { clock } = this.#tools;
    const moment = { at: clock.wall(), event: delivery.event.event };
    if (what === 'delivered') this.#lastDelivered = moment;
    if (what === 'failed') this.#lastError = { ...moment, why };
    this.#trouble.note(effect, clock.now());
    if (!delivery.isTest) return;
    this.#tested?.(what === 'delivered' ? ok() : err(why));
    this.#tested = undefined;
  }
}

function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms).unref();
  return promise;
}
