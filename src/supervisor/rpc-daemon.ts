import { remoteNews } from '../core/event-payloads.ts';
import { fault } from '../protocol/rpc-faults.ts';
import { struct } from '../protocol/xml-rpc.ts';
import { ok } from '../shared/result.ts';
import { version } from '../shared/version.ts';
import type { RpcHandler, RpcHandlers } from './rpc-context.ts';
import { rpcTarget } from './rpc-names.ts';
import { sendTo } from './stdin-command.ts';

/** Of the daemon itself, and what is sent through it. */

/** supervisorctl works with this one only, and says so otherwise. */
const apiVersion: RpcHandler = () => ok('3.0');

export const daemonMethods: RpcHandlers<
  | `supervisor.${'getAPIVersion' | 'getVersion' | 'getSupervisorVersion' | 'getIdentification' | 'getState' | 'getPID'}`
  | `supervisor.${'shutdown' | 'restart' | 'sendProcessStdin' | 'sendRemoteCommEvent'}`
> = {
  'supervisor.getAPIVersion': apiVersion,
  'supervisor.getVersion': apiVersion,
  'supervisor.getSupervisorVersion': () => ok(version),
  'supervisor.getIdentification': () => ok('portherd'),
  // In every other state the answer is a fault.
  'supervisor.getState': () => ok(struct({ statecode: 1, statename: 'RUNNING' })),
  'supervisor.getPID': ({ supervisor }) => ok(supervisor.ports.machine.pid),

  'supervisor.shutdown'({ operator }) {
    const begun = operator.shutdown();
    return begun.ok ? ok(true) : fault('SHUTDOWN_STATE');
  },

  /** supervisord ends all its processes for this; here they run on, unless their config has changed. */
  async 'supervisor.restart'({ operator }) {
    const begun = await operator.reload();
    if (begun.ok) return ok(true);
    return begun.error.code === 'SHUTTING_DOWN' ? fault('SHUTDOWN_STATE') : fault('FAILED', begun.error.message);
  },

  async 'supervisor.sendProcessStdin'({ supervisor }, params) {
    const name = params.text(0);
    const target = rpcTarget(supervisor, name);
    if (target?.is !== 'process') return fault('BAD_NAME', name);
    const sent = await sendTo(supervisor, target.program.config.name, target.slot, params.text(1));
    if (sent.ok) return ok(true);
    // supervisord says NO_FILE of a process that has closed its standard input, and buffers what one does not read.
    const { code, message } = sent.error;
    if (code === 'NOT_RUNNING') return fault(code, name);
    return code === 'NO_STDIN' ? fault('NO_FILE', name) : fault('FAILED', message);
  },

  'supervisor.sendRemoteCommEvent'({ supervisor }, params) {
    const { log } = supervisor.ports;
    const [type, data] = [params.text(0), params.text(1)];
    log.info({ event: 'remoteCommunication', type, bytes: data.length }, 'an event was sent');
    supervisor.events.publish(remoteNews(type, data));
    return ok(true);
  },
};
