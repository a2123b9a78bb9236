// Before all stories: what they need is there, or they say plainly what is missing.
import { existsSync } from 'node:fs';

import { built, consoleFrom, program } from './places';

export default function setup(): void {
  program('troupe');
  program('troupe-model-server');
  const browser = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(browser)) throw new Error(`there is no ${browser}: install Debian's package chromium, or say in CHROMIUM where it is`);
  if (consoleFrom === 'preview' && !existsSync(`${built}/index.html`)) throw new Error(`there is no console in ${built}: run \`npm run build\``);
}
