import { describe, expect, it } from 'vitest';

import { narrow, sections, type PaletteEntry } from './palette';

const entry = (title: string, section: string, words = ''): PaletteEntry => ({
  id: title,
  title,
  section,
  words,
  run: () => {},
});
const entries = [entry('Reset the agent', 'Actions'), entry('Agents', 'Pages'), entry('Ada', 'Agents', 'writes prose')];

describe('the palette', () => {
  it('lists everything while nothing is typed', () => {
    expect(narrow(entries, '  ')).toEqual(entries);
  });

  it('puts first what begins with what is typed', () => {
    expect(narrow(entries, 'agent').map(({ title }) => title)).toEqual(['Agents', 'Reset the agent', 'Ada']);
  });

  it('wants every word', () => {
    expect(narrow(entries, 'writes ada').map(({ title }) => title)).toEqual(['Ada']);
    expect(narrow(entries, 'agent nothing')).toEqual([]);
  });

  it('keeps sections together', () => {
    expect(sections(entries).map(([section, members]) => [section, members.length])).toEqual([
      ['Actions', 1],
      ['Pages', 1],
      ['Agents', 1],
    ]);
  });
});
