// Starts the console: the words of the preferred language first, then the shell.
import { mount } from 'svelte';

import App from './App.svelte';
import { i18n, preferredLanguage } from './lib/i18n/i18n.svelte';
import './styles/tokens.css';
import './styles/base.css';
import './lib/ui/control.css';

const target = document.getElementById('app');
if (target) {
  await i18n.use(preferredLanguage());
  await i18n.load('shell', 'ui');
  mount(App, { target });
}
