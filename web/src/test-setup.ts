// What every unit test begins with: the messages of all families, in English.
import { beforeAll } from 'vitest';

import { FAMILIES, i18n } from '$lib/i18n/i18n.svelte';

beforeAll(async () => {
  await i18n.use('en');
  await i18n.load(...FAMILIES);
});
