// Starts the console: the words of the preferred language and the code of the page that is asked for come at once, then
// the shell is shown.
import { mount } from 'svelte';

import App from './App.svelte';
import { i18n, preferredLanguage } from './lib/i18n/i18n.svelte';
import { locate } from './lib/state/router.svelte';
import './styles/tokens.css';
import './styles/base.css';
import './lib/ui/control.css';

const target = document.getElementById('app');
if (target) {
  const { route } = locate(location.hash);
  // Whoever shows the page tells when its code cannot be had.
  route?.load().catch(() => undefined);
  await i18n.begin(preferredLanguage(), ['shell', 'ui', ...(route?.families ?? [])]);
  mount(App, { target });
}
