// How the console is built, served while it is written, and tested.
import { fileURLToPath } from 'node:url';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const service = process.env.TROUPE_URL ?? 'http://127.0.0.1:7988';
// The service refuses a foreign Host or Origin on loopback; the proxy speaks in its own name.
const proxy = { '/v1': { target: service, changeOrigin: true } };
// Fonts come from files: the content security policy names no `data:` for them.
const inlined = (path: string) => (path.endsWith('.woff2') ? false : undefined);
const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// KaTeX's style sheet names each font three times; every browser that runs this page reads the smallest.
const smallestFonts: Plugin = {
  name: 'smallest-fonts',
  enforce: 'pre',
  transform: (code, id) =>
    /katex.*\.css/.test(id)
      ? code.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\(["'][a-z]+["']\)/g, '')
      : undefined,
};

export default defineConfig({
  plugins: [svelte(), smallestFonts],
  resolve: {
    alias: { $lib: folder('src/lib'), $messages: folder('src/messages') },
    // Vitest would take Svelte's server half otherwise.
    conditions: process.env.VITEST ? ['browser'] : undefined,
  },
  server: { host: '127.0.0.1', port: 5173, proxy },
  preview: { host: '127.0.0.1', port: 4173, proxy },
  build: {
    outDir: process.env.TROUPE_DIST ?? 'dist',
    emptyOutDir: true,
    target: 'es2022',
    manifest: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    assetsInlineLimit: inlined,
  },
  // Grammars of code are fetched by the worker that needs them.
  worker: { format: 'es' },
  test: { environment: 'happy-dom', include: ['src/**/*.test.ts'], setupFiles: ['src/test-setup.ts'] },
});
