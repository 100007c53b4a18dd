/** Every buffer and every count has a limit; each says why it is what it is. */

/** Group indexes are 16 bit in the kernel, and a classic BPF chain of 512 slots takes 211 µs to attach (measured). */
export const slotsMax = 512;

/** Probes, `curl`s and verifications under way at once on one port: each slot's, old and new, and some. */
export const diversionsMax = 4 * slotsMax;

/** A status reply for 256 slots is about 90 KiB, but a request names slots only. */
export const controlRequestBytesMax = 64 * 1024;

/** A client that has not sent its whole request by then is cut off. */
export const controlRequestMsMax = 5_000;

/** Replies of 512 slots stay below 1 MiB; more is not a portherd. */
export const controlReplyBytesMax = 16 * 1024 * 1024;

/** The longest frame is a beat, some 300 bytes. */
export const channelFrameBytesMax = 16 * 1024;

/** A roll's failure shows the worker's last words, not its log. */
export const lastWordsBytesMax = 2_048;

/** A config is written by a person; more than this is the wrong file. */
export const configBytesMax = 1024 * 1024;

/** Programs are at most some hundreds, one a file; more is the wrong pattern. */
export const includedFilesMax = 1_000;

/** execve(2) takes 2 MiB for a whole environment, and 128 KiB for one variable. */
export const envFileBytesMax = 256 * 1024;

/** A worker says hello in the turn in which it connects; by then something else has connected. */
export const channelHelloMsMax = 5_000;

/** Connections that have not said hello yet: every worker of the largest program re-dials at once after a restart of the supervisor. */
export const channelStrangersMax = 2 * slotsMax;

/** A supervisor that has read nothing for this long is silent: the worker drops the connection and dials again. */
export const channelStalledMsMax = 5_000;

/** The first and the longest pause before a worker dials again; each is shortened at random by up to a half. */
export const channelRedialMs = { first: 100, max: 5_000 } as const;

/**
 * A sign of life each second; what changes, each quarter of a second. Connections that came or went steer the next ones, so they
 * are told more often: 64 opened over 10 s are exactly even on 8 workers in 70 % of all cases, in 25 % with 250 ms (simulated). A
 * roll waits for a drain: that is told often too.
 */
export const beatMs = { news: 100, busy: 250, idle: 1_000, draining: 100 } as const;

/** After a quiet time the first connection is told this soon: those of one turn together, and before the next one comes. */
export const newsDelayMs = 10;

/** A worker where something happens looks this often how late its own timer is; an idle one each `beatMs.busy`. */
export const lagSampleMs = 50;

/** How long a rebalance may take: some looks at least, and no longer than somebody would wait for it. */
export const rebalanceMs = { min: 1_000, usual: 30_000, max: 3_600_000 } as const;

/** A rebalance ends here. Closer would be asking connections to leave for the noise of a second. */
export const evenSkew = 1.05;

/** How long a drained worker stays for its stop signal; it comes at once unless the supervisor died. */
export const drainHoldMs = 60_000;

/** What a worker may call its host, its reason or its Node version. A DNS name has at most 253 characters. */
export const channelTextCharsMax = 1_024;

/** portherdctl: a reply that needs no work takes the daemon a millisecond; a busy one still answers by then. */
export const controlReadMsMax = 5_000;

/** portherdctl: a stop may take as long as the slowest drain; the daemon is asked this often whether it still lives. */
export const controlAliveMs = 5_000;

/** portherdctl shutdown: longer than any sane drain and kill deadline together. */
export const shutdownWaitMsMax = 600_000;

/** A status line and a handful of headers. */
export const controlHeadBytesMax = 16 * 1024;

/** A list of sockets that long is not looked through; a worker with 16,000 connections takes 22 ms (measured). */
export const tcpRowsMax = 200_000;

/** Looking for a port's holder reads /proc/PID/fd of every process: 5 µs a descriptor (measured), so this is half a second. */
export const descriptorsScannedMax = 100_000;

/** A command line is shown on one line of a terminal. */
export const commandLineCharsMax = 200;

/** The daemon's own lines that wait for a full disk or a slow reader of its output; some 4,000 of them. */
export const logBufferBytesMax = 1024 * 1024;

/** Operators, scripts and a dashboard at once; each costs a descriptor. */
export const controlClientsMax = 128;

/** portherdctl curl asks a worker something; a load, or an upload, is another tool's work. */
export const curlBodyBytesMax = 64 * 1024;

/** The body as JSON may be six times as long (`\u0000`), and the headers come with it. */
export const curlRequestBytesMax = 512 * 1024;

/** More than a page, a profile or a heap summary is a download, for which the worker's own port is there. */
export const curlAnswerBytesMax = 16 * 1024 * 1024;

/** Somebody may watch a stream of events for a while. */
export const curlMsMax = 3_600_000;

/** Orphans that end at once are reaped in portions, so that a fork bomb in a container does not keep the supervisor from its own work. */
export const reapedAtOnceMax = 1_024;

/** Messages to systemd that wait for room in its queue: all sockets of the largest program with two ports, and some words. */
export const notifyBacklogMax = 2 * slotsMax + 64;

/** portherd doctor: how long a file system or systemctl may take to answer; both take milliseconds. */
export const doctorMsMax = 3_000;

/** State of 512 slots in the middle of a roll is about 1 MiB; a program's environment may add some. */
export const stateBytesMax = 64 * 1024 * 1024;

/** A rehearsal starts a portherd and ends it, 0.3 s; something that takes this long would keep control clients waiting. */
export const rehearsalMsMax = 15_000;

/** Of what a rehearsal printed, its end. */
export const rehearsalTextMax = 4_096;

/** portherdctl reload: the new image answers after 0.3 s; a machine that swaps may need longer. */
export const reloadWaitMsMax = 30_000;

/** portherd sweep: from SIGTERM to SIGKILL. The usual killTimeout; a service manager waits longer for its hook. */
export const sweepGraceMs = 10_000;

/** A start waits so long for a sweep that is under way: its grace and the start of a Node. Below TimeoutStartSec= of the unit. */
export const sweepWaitMsMax = 20_000;

/**
 * What one request reads of a log: as text in XML or JSON it is several times that in memory, and 128 clients may ask at once. Making XML
 * of it takes some 60 ms in which nothing else is done. More is a download, or a `tail -f`.
 */
export const logReadBytesMax = 1024 * 1024;

/** XML-RPC: a multicall about each of 512 slots is 170 KiB. Reading the worst of this size takes the supervisor some 0.1 s. */
export const rpcRequestBytesMax = 256 * 1024;

/** system.multicall calls no more once its answers are that large: room for two reads of a log, or for all that 512 slots have to tell. */
export const rpcAnswerCharsMax = 2 * 1024 * 1024;

/** A call of a multicall has about ten elements; 200 bytes of memory each. */
export const xmlElementsMax = 20_000;

/** A multicall's parameters are twelve deep. */
export const xmlDepthMax = 32;

/** portherd import: files of an [include]; a machine with more programs than that has another supervisor. */
export const importFilesMax = 500;

/** portherd import --trust: how long a config that is a script may run; PM2 loads it in milliseconds. */
export const importScriptMsMax = 10_000;

/** Between two starts that fail while workers wait for a supervisor: soon enough for them, and no load. */
export const retryStartMs = 1_000;

/** Logs whose size is looked at each second, 20 µs in a thread for each; of more, each has its turn every few seconds. */
export const logLooksMax = 128;

/** Each holds a connection and a descriptor, and looks at a file four times a second; others must still get in (controlClientsMax). */
export const logStreamsMax = 32;

/** An event listener’s line is READY or RESULT and a number. */
export const eventLineBytesMax = 1_024;

/** OK, or a reason; only its beginning is kept. */
export const eventResultBytesMax = 1024 * 1024;

/** Events that wait for a listener, whatever `events.buffer` allows: what is sent by XML-RPC may be 256 KiB each. */
export const eventBufferCharsMax = 16 * 1024 * 1024;

/** A listener that takes longer than this over one event is told of. httpok and the like ask over the network, for 10 s. */
export const eventBusyMsMax = 60_000;

/** Pauses before a rejected event is given out again: a listener that rejects everything shall not keep a core busy. */
export const eventRetryMs = { first: 10, max: 5_000 } as const;

/** What one event listener may say in a second. A conversation takes 20 bytes an event; more is waited for, and it waits with it. */
export const eventTalkBytesMax = 1024 * 1024;

/** What it said and the disk has not taken yet. More is thrown away, and that is told. */
export const eventLogBacklogMax = 512 * 1024;

/** Its last words may still be in the pipe when it has ended; its children may hold the pipe open for ever. */
export const eventLastWordsMs = 500;

/** At a shutdown: how long the last events may take their listeners before these are stopped too. */
export const eventFarewellMsMax = 2_000;

/** One line of the log for all that happens in this time: events may come by the thousand. */
export const eventLogEveryMs = 10_000;

/** Text for a worker whose pipe is full: whoever reads at all has read 64 KiB by then, and whoever sends does not hang. */
export const stdinWaitMsMax = 2_000;

/** A text that a hook tells: a worker's last words are as long. With everything else an event stays below 16 KiB. */
export const hookTextCharsMax = 2_048;

/** When everything has stopped: what hooks have not delivered by then is dropped. Nobody wants to wait for a dead receiver. */
export const hooksFlushMs = 5_000;

/** Of what waits for hooks, in the state of a reload: 32 full queues of the usual 400 bytes are 13 MB, and nobody has those. */
export const hooksHandOverCharsMax = 16 * 1024 * 1024;

/** What a hook's command writes to its standard error; one that writes more has its pipe closed. Its end is shown. */
export const hookErrorBytesMax = 1024 * 1024;

/** From SIGTERM to SIGKILL for a hook's command that took too long. */
export const hookGraceMs = 2_000;

/** What is read of an answer to a hook, which nobody looks at: closing at once would reset the receiver's connection. */
export const hookAnswerBytesMax = 64 * 1024;

/** Of the supervisor's time, for starting what hooks run: some 20 commands or 50 requests a second. */
export const hookShareMax = 0.05;

/** Output of workers that is told as events, in a second: reading and sending it takes the supervisor some 2 % of a core. */
export const eventOutputBytesMax = 4 * 1024 * 1024;
