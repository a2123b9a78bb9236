import { describe, expect, it, vi } from 'vitest';

import { Commands } from './commands.svelte';

function stroke(key: string, more: KeyboardEventInit & { timeStamp?: number } = {}): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, ...more });
  if (more.timeStamp !== undefined) Object.defineProperty(event, 'timeStamp', { value: more.timeStamp });
  return event;
}

describe('keys', () => {
  it('run a command by one stroke with a modifier', () => {
    const commands = new Commands();
    const run = vi.fn();
    commands.add([{ id: 'a', title: 'A', keys: 'mod+k', run }]);
    expect(commands.press(stroke('k', { ctrlKey: true }))).toBe(true);
    expect(commands.press(stroke('k'))).toBe(false);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('run a command by two strokes, one soon after the other', () => {
    const commands = new Commands();
    const run = vi.fn();
    commands.add([{ id: 'a', title: 'A', keys: 'g a', run }]);
    commands.press(stroke('g', { timeStamp: 10_000 }));
    expect(commands.press(stroke('a', { timeStamp: 10_400 }))).toBe(true);
    commands.press(stroke('g', { timeStamp: 20_000 }));
    expect(commands.press(stroke('a', { timeStamp: 23_000 }))).toBe(false);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('belong to what is typed while somebody types', () => {
    const commands = new Commands();
    const run = vi.fn();
    commands.add([{ id: 'a', title: 'A', keys: '?', run }]);
    const field = document.body.appendChild(document.createElement('input'));
    let said: boolean | null = null;
    field.addEventListener('keydown', (event) => (said = commands.press(event)));
    field.dispatchEvent(new KeyboardEvent('keydown', { key: '?' }));
    expect(said).toBe(false);
  });

  it('are gone with the page that added them', () => {
    const commands = new Commands();
    const remove = commands.add([{ id: 'a', title: 'A', keys: 'x', run: () => {} }]);
    remove();
    expect(commands.press(stroke('x'))).toBe(false);
  });
});
