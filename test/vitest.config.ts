import { defineConfig } from 'vitest/config';

/** Layers: unit and sim take seconds and start nothing; integration starts real processes; system needs root. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          root: import.meta.dirname,
          include: ['architecture.test.ts', 'unit/**/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      { test: { name: 'sim', root: import.meta.dirname, include: ['sim/**/*.test.ts'], testTimeout: 3_600_000 } },
      {
        test: {
          name: 'integration',
          root: import.meta.dirname,
          include: ['integration/**/*.test.ts'],
          globalSetup: ['harness/global-setup.ts'],
          fileParallelism: false,
          maxConcurrency: 3,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'system',
          root: import.meta.dirname,
          include: ['system/**/*.test.ts'],
          globalSetup: ['harness/system-setup.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
