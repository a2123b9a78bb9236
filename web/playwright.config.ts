// Stories in a real browser against the real service. See tests/harness.
import { defineConfig } from '@playwright/test';

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-sync',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  // Nothing but this machine is ever asked, whatever a page under test names.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

export default defineConfig({
  testDir: 'tests',
  // Two that run at once keep out of each other's way.
  outputDir: process.env.TROUPE_DIST ? `${process.env.TROUPE_DIST}-results` : 'test-results/output',
  globalSetup: './tests/harness/setup.ts',
  // Each story has a service of its own; two at a time are as many as two cores carry.
  fullyParallel: true,
  workers: Number(process.env.TROUPE_STORIES ?? 2),
  timeout: 60_000,
  // A build server may be busy with other things for as long as a story waits.
  retries: process.env.CI ? 2 : 0,
  expect: { timeout: 10_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    launchOptions: { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: quiet },
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    contextOptions: { reducedMotion: 'reduce' },
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
  },
});
