import { within } from './within.ts';

/** What a process uses, and what this machine is. Costs time in the thread pool, never the loop; loads its libraries on first use. */
export interface ProcessSample {
  readonly rssBytes: number;
  /** Of one core, since the last sample; 0 the first time. */
  readonly cpuPercent: number;
}

export interface HostFacts {
  readonly cpu: string;
  readonly physicalCores: number;
  readonly memoryBytes: number;
  readonly memoryAvailableBytes: number;
  readonly system: string;
  readonly kernel: string;
}

/**
 * A process that is gone is absent; when it takes longer than the deadline, or an earlier one is still under way, all
 * are. Pids, not ProcessRefs: a figure of a stranger for one sample does no harm.
 */
export async function sample(pids: readonly number[]): Promise<ReadonlyMap<number, ProcessSample>> {
  if (sampling || pids.length === 0) return new Map();
  sampling = true;
  const measured = measure(pids.slice(0, pidsMax)).finally(() => {
    sampling = false;
  });
  return (await within(sampleMsMax, measured)) ?? new Map();
}

/** Undefined when the machine does not tell within the deadline. CPU and system are asked once. */
export async function hostFacts(): Promise<HostFacts | undefined> {
  const { cpu, mem, osInfo } = await import('systeminformation');
  fixed ??= Promise.all([cpu(), osInfo()]);
  const facts = await within(hostFactsMsMax, Promise.all([fixed, mem()]));
  if (facts === undefined) return undefined;
  const [[processor, system], memory] = facts;
  return {
    cpu: `${processor.manufacturer} ${processor.brand}`.trim(),
    physicalCores: processor.physicalCores,
    memoryBytes: memory.total,
    memoryAvailableBytes: memory.available,
    system: `${system.distro} ${system.release}`.trim(),
    kernel: system.kernel,
  };
}

async function measure(pids: readonly number[]): Promise<ReadonlyMap<number, ProcessSample>> {
  const { default: pidusage } = await import('pidusage');
  // Of several pids it leaves out those that are gone; a single one that is gone it rejects.
  const usages = await pidusage([...pids], { maxage: historyMs }).catch(() => ({}));
  return new Map(
    Object.entries(usages).flatMap(([pid, usage]) =>
      usage ? [[Number(pid), { rssBytes: usage.memory, cpuPercent: usage.cpu }] as const] : [],
    ),
  );
}

let sampling = false;
let fixed:
  | Promise<
      [
        { manufacturer: string; brand: string; physicalCores: number },
        { distro: string; release: string; kernel: string },
      ]
    >
  | undefined;

/** All slots of a big daemon, and as many replacements during a roll. */
const pidsMax = 1_024;

/** /proc answers in microseconds; a process stuck in the kernel may hold its files' locks. */
const sampleMsMax = 1_000;

/** systeminformation runs lscpu and others; 60 ms here. */
const hostFactsMsMax = 5_000;

/** pidusage keeps a descriptor open for each pid for as long. */
const historyMs = 15_000;
