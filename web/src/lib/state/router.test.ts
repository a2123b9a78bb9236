import { describe, expect, it } from 'vitest';

import { locate } from './router.svelte';

const shown = (hash: string) => {
  const { route, params, query } = locate(hash);
  return { name: route?.name ?? null, params, query };
};

describe('the address', () => {
  it('shows the chat where it names nothing', () => {
    expect(shown('')).toEqual({ name: 'chat', params: {}, query: {} });
    expect(shown('#/')).toEqual({ name: 'chat', params: {}, query: {} });
  });

  it('names a conversation, a run and a tool', () => {
    expect(shown('#/chat/s-1')).toEqual({ name: 'chat', params: { session: 's-1' }, query: {} });
    expect(shown('#/runs/r%2F1?step=2')).toEqual({ name: 'run', params: { id: 'r/1' }, query: { step: '2' } });
    expect(shown('#/tools/McpServer/time').params).toEqual({ kind: 'McpServer', name: 'time' });
  });

  it('of no page shows none', () => {
    expect(shown('#/nowhere')).toEqual({ name: null, params: {}, query: {} });
    expect(shown('#/env/deeper')).toEqual({ name: null, params: {}, query: {} });
  });
});
