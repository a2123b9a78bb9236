import { describe, expect, it } from 'vitest';

import { nameFor } from './model';

describe('a name for a model', () => {
  it.each([
    ['openai/GPT-4o', 'gpt-4o'],
    ['llama3.1:8b', 'llama3-1-8b'],
    ['--', ''],
    ['', ''],
  ])('of %s is %s', (model, name) => {
    expect(nameFor(model)).toBe(name);
  });
});
