// How the console is built, served while it is written, and tested.
import { fileURLToPath } from 'node:url';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const service = process.env.TROUPE_URL ?? 'http://127.0.0.1:7988';
// The service refuses a foreign Host or Origin on loopback; the proxy speaks in its own name.
const proxy = { '/v1': { target: service, changeOrigin: true } };
const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [svelte()],
  resolve: {
    alias: { $lib: folder('src/lib'), $messages: folder('src/messages') },
    // Vitest would take Svelte's server half otherwise.
    conditions: process.env.VITEST ? ['browser'] : undefined,
  },
  server: { host: '127.0.0.1', port: 5173, proxy },
  preview: { host: '127.0.0.1', port: 4173, proxy },
  build: { target: 'es2022', manifest: true, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 900 },
  test: { environment: 'happy-dom', include: ['src/**/*.test.ts'], setupFiles: ['src/test-setup.ts'] },
});
