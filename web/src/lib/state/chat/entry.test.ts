import { expect, it } from 'vitest';

import { entryOf, type Sent } from './entry';

const sent: Sent = {
  session_id: 'one',
  title: '',
  created_at: '2026-11-28T10:03:00.000001',
  last_inference_at: '2026-11-28T10:03:00.000001',
  turn_count: 1,
  status: 'idle',
  pinned: false,
  archived: false,
};

it.each([
  ['Please pay the invoice of Harb..', 'Please pay the invoice of Harb…'],
  ['And so on...', 'And so on...'],
  ['Fruit of the season', 'Fruit of the season'],
])('shows the title %s as %s', (title, shown) => expect(entryOf({ ...sent, title }).title).toBe(shown));
