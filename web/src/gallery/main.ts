// Starts the gallery: `#states`, `#markdown`, `#hostile`, `#long`, `#stream`.
import { mount } from 'svelte';

import { i18n, preferredLanguage } from '$lib/i18n/i18n.svelte';
import '../styles/tokens.css';
import '../styles/base.css';
import '$lib/ui/control.css';

import Gallery from './Gallery.svelte';

const target = document.getElementById('app');
if (target) {
  await i18n.use(preferredLanguage());
  await i18n.load('chat', 'message', 'ui');
  mount(Gallery, { target });
}
