import { describe, expect, it } from 'vitest';

import { complete } from './complete';

describe('the end of a text that is being written', () => {
  it.each([
    ['a **bo', 'a **bo**'],
    ['a **bold*', 'a **bold**'],
    ['a **bold**', 'a **bold**'],
    ['a **', 'a'],
    ['a *b **c', 'a *b **c***'],
    ['snake_case_na', 'snake_case_na'],
    ['2 * 3', '2 * 3'],
    ['a ~~b', 'a ~~b~~'],
    ['run `npm i', 'run `npm i`'],
    ['run `npm`', 'run `npm`'],
    ['see [the man', 'see the man'],
    ['see [the manual](https://exam', 'see the manual'],
    ['see **[the manual](https://exam', 'see **the manual**'],
    ['see [the manual](https://example.com)', 'see [the manual](https://example.com)'],
    ['list[0', 'list[0'],
    ['a ![chart](data:image/png;base64,AAAA', 'a'],
    ['- [ ] task', '- [ ] task'],
    ['- [', '- ['],
    ['a <deta', 'a'],
    ['a < b and c', 'a < b and c'],
    ['Tom &am', 'Tom'],
    ['a paragraph\n-', 'a paragraph'],
    ['a paragraph\n``', 'a paragraph'],
    ['* one **x** two\n* three **fo', '* one **x** two\n* three **fo**'],
    ['- a\n  ```py\n  foo(**kw', '- a\n  ```py\n  foo(**kw'],
    ['| a | b |\n|---|---|\n| **x', '| a | b |\n|---|---|\n| **x**'],
  ])('is closed: %j', (written, shown) => {
    expect(complete(written)).toEqual({ text: shown });
  });

  it('is a table from its first line on', () => {
    expect(complete('| a | b').text).toBe('| a | b\n| --- | --- |');
    expect(complete('| a | b |\n|--').text).toBe('| a | b |\n| --- | --- |');
    expect(complete('| a | b |\n|---|---|\n').text).toBe('| a | b |\n|---|---|\n');
  });

  it('is open code until the fence is closed', () => {
    expect(complete('```py\nprint(')).toEqual({ text: '```py\nprint(', open: 'code' });
    expect(complete('```py\nprint()\n``')).toEqual({ text: '```py\nprint()\n', open: 'code' });
    expect(complete('```py\nprint()\n```')).toEqual({ text: '```py\nprint()\n```' });
  });

  it('is an open formula until it is closed', () => {
    expect(complete('$$\na + b')).toEqual({ text: '$$\na + b\n$$', open: 'math' });
    expect(complete('\\[ a + b \\')).toEqual({ text: '\\[ a + b\n\\]', open: 'math' });
    expect(complete('$$\na\n$$')).toEqual({ text: '$$\na\n$$' });
    expect(complete('$$')).toEqual({ text: '', open: 'math' });
  });
});
