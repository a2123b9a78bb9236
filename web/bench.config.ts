// Measures instead of stories: one at a time, and nothing recorded that would be measured, too.
import { defineConfig } from '@playwright/test';

import stories from './playwright.config';

export default defineConfig({
  ...stories,
  testDir: 'tests/bench',
  testMatch: '*.bench.ts',
  workers: 1,
  fullyParallel: false,
  retries: 0,
  timeout: 600_000,
  reporter: [['dot']],
  use: { ...stories.use, trace: 'off', screenshot: 'off', video: 'off' },
});
