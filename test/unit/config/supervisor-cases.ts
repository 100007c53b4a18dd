import { aPath, count, type OptionCases } from './case-makers.ts';

const modeText = "write an octal mode in quotes, such as '0600'; the owner's 6 must be in it";

export const supervisorCases: Readonly<Record<string, OptionCases>> = {
  'supervisor.controlSocket.path': {
    ...aPath('supervisor.controlSocket.path'),
    good: [['run/c.sock', '/srv/app/config/run/c.sock']],
  },
  'supervisor.controlSocket.mode': {
    good: [
      ["'0600'", 0o600],
      ["'660'", 0o660],
      ['"0777"', 0o777],
    ],
    bad: [
      ['0600', `supervisor.controlSocket.mode: 600 is not valid; ${modeText}`],
      ["'0400'", `supervisor.controlSocket.mode: "0400" is not valid; ${modeText}`],
      ["'0680'", `supervisor.controlSocket.mode: "0680" is not valid; ${modeText}`],
    ],
  },
  'supervisor.http.port': count('supervisor.http.port', 1, 65_535),
  'supervisor.http.host': {
    good: [
      ['127.0.0.1', '127.0.0.1'],
      ["'0:0::0:1'", '::1'],
      ['192.168.1.2', '192.168.1.2'],
    ],
    bad: [['localhost', 'supervisor.http.host: "localhost" is not valid; write 127.0.0.1 or ::1']],
  },
  'supervisor.http.names': {
    good: [
      ['[]', []],
      ['[herd.example.com, herd]', ['herd.example.com', 'herd']],
    ],
    bad: [
      ["['a:1']", 'supervisor.http.names[0]: "a:1" is not valid; write a host name'],
      ['herd', 'supervisor.http.names: "herd" is not valid; write a list of 0 to 64 items, each a host name'],
    ],
    marks: { "['a:1']": "'a:1'" },
  },
  'supervisor.http.username': {
    good: [['operator', 'operator']],
    bad: [
      ['"a:b"', 'supervisor.http.username: "a:b" is not valid; write 1 to 64 characters without a colon'],
      ['7', "supervisor.http.username: 7 is not valid; write it in quotes: '7'"],
    ],
  },
  'supervisor.http.passwordFile': aPath('supervisor.http.passwordFile'),
  'supervisor.http.tokenFile': aPath('supervisor.http.tokenFile'),
  'supervisor.runDir': aPath('supervisor.runDir'),
  'supervisor.logDir': aPath('supervisor.logDir'),
  'supervisor.logFile': aPath('supervisor.logFile'),
  'supervisor.logLevel': {
    good: ['debug', 'info', 'warn', 'error'].map((level) => [level, level]),
    bad: [
      ['warning', 'supervisor.logLevel: "warning" is not valid; write debug, info, warn or error'],
      ['inf', 'supervisor.logLevel: "inf" is not valid; did you mean info?'],
    ],
  },
  'supervisor.exitOnFatal': {
    good: [
      ['1', 1],
      ['255', 255],
      ['false', false],
    ],
    bad: ['0', '256', 'true'].map((value) => [
      value,
      `supervisor.exitOnFatal: ${value} is not valid; write an exit code from 1 to 255, or false`,
    ]),
  },
};
