import type { ProgramConfig } from '../config/schema.ts';
import type { FleetEffect } from '../core/effects.ts';
import type { Fact, FleetEvent } from '../core/events.ts';
import { unreachable } from '../shared/assert.ts';
import { killWorker } from './kill-worker.ts';
import type { LiveWorker, LiveWorkers } from './live-workers.ts';
import type { Ports } from './ports.ts';
import type { Program } from './supervisor.ts';
import { steer } from './steer.ts';
import { takeReadings } from './take-readings.ts';
import { verifyOrder } from './verify-order.ts';

/** What an effect is performed with. Answers of the world come back as events. */
export interface Performance {
  readonly ports: Ports;
  readonly workers: LiveWorkers;
  readonly program: Program;
  readonly send: (event: FleetEvent) => void;
  readonly announce: (fact: Fact) => void;
}

/** All side effects on one page. */
export function perform(effect: FleetEffect, { ports, workers, program, send, announce }: Performance): void {
  const { config } = program;
  const { name } = config;
  const live = (worker: number): LiveWorker | undefined => workers.find(name, worker);

  switch (effect.do) {
    case 'listen': {
      const opened = ports.listeners.open(config, effect.slots);
      if (opened.ok) return;
      ports.log.error({ event: 'listenFailed', program: name, error: opened.error }, 'cannot open the sockets');
      return send({ is: 'listenFailed', slots: effect.slots, why: opened.error.message });
    }
    case 'unlisten':
      return ports.listeners.close(name, effect.slots);
    case 'steer':
      return steer(effect, ports, program);
    case 'spawn':
      return spawn(effect, { ports, workers, program, send, announce });
    case 'drain': {
      const worker = live(effect.worker);
      const { idleTimeout, drainTimeout } = config.stop;
      if (worker !== undefined && ports.channel.drain(worker.handle, Math.min(idleTimeout, drainTimeout), drainTimeout))
        return;
      // It is told when it dials (core/departure.ts, `attached`), or has until the drain's deadline to do so.
      if (worker?.awaited === true) return;
      // Its channel is gone, so it cannot drain: the stop signal comes next.
      return send({ is: 'drained', worker: effect.worker });
    }
    case 'terminate': {
      const worker = live(effect.worker);
      if (worker === undefined) return;
      const { signal, group } = config.stop;
      if (group) ports.processes.signal(worker.process, signal, 'group');
      else ports.processes.signal(worker.serving ?? worker.process, signal, 'process');
      return;
    }
    case 'kill': {
      const worker = live(effect.worker);
      if (worker !== undefined) killWorker(ports.processes, worker, config.stop.killGroup);
      return;
    }
    case 'sweep': {
      const worker = live(effect.worker);
      if (worker === undefined) return;
      killWorker(ports.processes, worker, config.stop.killGroup);
      ports.channel.forget(worker.handle);
      return workers.remove(worker, ports.workerLogs.lastWords(worker.stderr.path, worker.stderr.from));
    }
    case 'restoreBacklog':
      return relisten(effect.slot, { ports, workers, program, send, announce });
    case 'ask': {
      const worker = live(effect.worker);
      // Without a channel there is no answer, and its silence then counts as that of a program without beats.
      if (worker !== undefined) ports.channel.report(worker.handle);
      return;
    }
    case 'verify':
      return verify({ ports, workers, program, send, announce });
    case 'measure':
      return send({ is: 'measured', readings: takeReadings(effect.slots, name, ports, workers) });
    case 'diagnose':
      return diagnose(effect.worker, { ports, workers, program, send, announce });
    case 'probe':
      return probe(effect, { ports, workers, program, send, announce });
    case 'look': {
      const queue = ports.listeners.queues(name, effect.slot).reduce((sum, reading) => sum + reading.queue, 0);
      return send({ is: 'looked', slot: effect.slot, queue, halfOpen: ports.listeners.halfOpen(name) });
    }
    case 'flush': {
      const count = ports.listeners.flush(name, effect.slot);
      if (count > 0)
        ports.log.warn(
          { event: 'flushed', program: name, slot: effect.slot, count },
          'reset connections that nobody will serve',
        );
      return;
    }
    case 'announce':
      return announce(effect.fact);
    default:
      return unreachable(effect);
  }
}

function spawn(
  { slot, worker, generation }: FleetEffect & { do: 'spawn' },
  { ports, workers, program, send, announce }: Performance,
): void {
  const { config, launches } = program;
  const { name } = config;
  if (config.bind === 'slot' && ports.listeners.of(name, slot).length < config.listen.length) {
    return send({ is: 'spawnFailed', worker, why: 'its sockets are not open' });
  }
  // A socket that its last worker has shut down would take nobody; see shutdown(2) in linux/accept-queue.ts.
  relisten(slot, { ports, workers, program, send, announce });
  const launch = { ...config, ...launchOf(launches.get(generation) ?? config) };
  const handle = workers.nextHandle();
  const token = ports.machine.token();
  const { stderr } = ports.workerLogs.paths(launch, slot);
  const from = ports.workerLogs.endOf(stderr);
  ports.channel.expect(handle, token);
  const spawned = ports.processes.spawn({ program: launch, slot, worker: handle, generation, token }, (exit) =>
    send({ is: 'exited', worker, exit }),
  );
  if (!spawned.ok) {
    ports.channel.forget(handle);
    return send({ is: 'spawnFailed', worker, why: spawned.error.message });
  }
  const startedAt = ports.clock.now();
  const sockets = ports.listeners.of(name, slot).map(({ inode }) => inode);
  workers.add({
    sockets,
    handle,
    program: name,
    slot,
    worker,
    generation,
    process: spawned.value,
    startedAt,
    token,
    stderr: { path: stderr, from },
  });
  send({ is: 'spawned', worker, pid: spawned.value.pid });
}

/** What a worker has of its own generation; all else is of the config that counts now. */
function launchOf(program: ProgramConfig): Partial<ProgramConfig> {
  const { command, directory, environment, envFile, logs, readiness, user, group, umask, nice, rlimits, stdin } =
    program;
  return { command, directory, environment, envFile, logs, readiness, user, group, umask, nice, rlimits, stdin };
}

/** Whoever comes back to the kernel's group does so at its end. */
function relisten(slot: number, performance: Performance): void {
  const { ports, program } = performance;
  if (ports.listeners.restoreBacklog(program.config.name, slot)) verify(performance);
}

function verify({ ports, program, send }: Performance): void {
  verifyOrder(ports, program.config.name).then(
    (verdict) => send({ is: 'verified', verdict }),
    (thrown: unknown) => {
      const error = String(thrown);
      ports.log.error({ event: 'verifyFailed', program: program.config.name, error }, 'a look at the sockets broke');
    },
  );
}

function diagnose(worker: number, { ports, workers, program, send }: Performance): void {
  const live = workers.find(program.config.name, worker);
  if (live === undefined) return send({ is: 'diagnosed', worker, diagnosis: 'the process is gone' });
  ports.diagnosis.of(live.serving ?? live.process).then(
    (diagnosis) => send({ is: 'diagnosed', worker, diagnosis }),
    (thrown: unknown) => {
      const error = String(thrown);
      ports.log.error({ event: 'diagnosisFailed', program: program.config.name, error }, 'a diagnosis broke');
      send({ is: 'diagnosed', worker, diagnosis: error });
    },
  );
}

function probe(
  { slot, worker, want, timeoutMs }: FleetEffect & { do: 'probe' },
  { ports, workers, program, send }: Performance,
): void {
  const live = workers.find(program.config.name, worker);
  if (live === undefined) return send({ is: 'probed', worker, passed: false, why: 'the process is gone' });
  const { readiness } = program.launches.get(live.generation) ?? program.config;
  const asked = { ...program.config, readiness };
  const answer = ports.probes.probe({ program: asked, slot, process: live.process, want, timeoutMs });
  answer.then(
    (result) => send({ is: 'probed', worker, passed: result.ok, why: result.ok ? '' : result.error }),
    (thrown: unknown) => {
      ports.log.error(
        { event: 'probeFailed', program: program.config.name, slot, error: String(thrown) },
        'a probe broke',
      );
      send({ is: 'probed', worker, passed: false, why: String(thrown) });
    },
  );
}
