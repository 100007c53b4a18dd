import { readdirSync, readFileSync } from 'node:fs';
import type { ProcessRef } from '../supervisor/ports.ts';

/**
 * What /proc/PID/stat says of a process (proc_pid_stat(5)). Reads only; a process that vanishes meanwhile is `undefined`,
 * which is the normal end of every process and no error.
 */
export interface ProcessStat {
  readonly pid: number;
  /** R, S, D, T, Z (dead, not reaped yet), … */
  readonly state: string;
  readonly ppid: number;
  readonly pgrp: number;
  readonly session: number;
  /** Clock ticks since boot; with the pid it names a process for good. */
  readonly startTicks: number;
}

export function statOf(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined; // ENOENT, or ESRCH when it ends between open and read
  }
}

export function startTicksOf(pid: number): number | undefined {
  return statOf(pid)?.startTicks;
}

/** The very process, and not a zombie. */
export function isAlive(process: ProcessRef): boolean {
  const stat = statOf(process.pid);
  return stat?.startTicks === process.startTicks && stat.state !== 'Z' && stat.state !== 'X';
}

/** The process that has this pid now; undefined for a zombie. */
export function identify(pid: number): ProcessRef | undefined {
  const startTicks = startTicksOf(pid);
  return startTicks !== undefined && isAlive({ pid, startTicks }) ? { pid, startTicks } : undefined;
}

/** The living processes of a process group; reads all of /proc (about 10 µs a process). */
export function groupMembers(pgrp: number): readonly ProcessStat[] {
  return allPids().flatMap((pid) => {
    const stat = statOf(pid);
    return stat?.pgrp === pgrp && stat.state !== 'Z' && stat.state !== 'X' ? [stat] : [];
  });
}

export function allPids(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The command name (field 2) may hold spaces and parentheses: what counts starts after the last `)`. */
export function parseStat(text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (index: number): number => Number(fields[index - 3] ?? Number.NaN);
  const stat = {
    pid: Number.parseInt(text, 10),
    state: fields[0] ?? '',
    ppid: number(4),
    pgrp: number(5),
    session: number(6),
    startTicks: number(22),
  };
  return Number.isSafeInteger(stat.pid) && Number.isSafeInteger(stat.startTicks) ? stat : undefined;
}
