import { describe, expect, it } from 'vitest';

import { Blocks } from './blocks';

const DOCUMENT = `# Title

A paragraph with **bold**, \`code\` and a [link][1].
Second line
---

- one
- two

  with a paragraph

  \`\`\`js
  const nested = 1;
  \`\`\`

1. first

2. second

| a | b |
|---|:-:|
| 1 | 2 |

\`\`\`python
def f():

    return 1
\`\`\`

> quoted
lazy

> another

$$
a^2 + b^2
$$

    indented

    code

<details>
<summary>More</summary>

Inside **it**

</details>

Text after $x*y*z$ maths.

[1]: https://example.com/a "Title"

[2]: https://example.com/b

Last [one][2] line`;

const shape = (text: string, streaming = false) =>
  new Blocks().read(text, streaming).map(({ key, source, tokens }) => ({ key, source, tokens }));

describe('blocks', () => {
  it('hold the whole text, in order', () => {
    const blocks = new Blocks().read(DOCUMENT, false);
    expect(blocks.map((block) => block.source).join('')).toBe(DOCUMENT);
    expect(blocks.length).toBeGreaterThan(12);
  });

  it('are the same however the text came', () => {
    for (const step of [1, 2, 3, 7, 50]) {
      const growing = new Blocks();
      for (let end = 0; end < DOCUMENT.length; end += step) growing.read(DOCUMENT.slice(0, end), true);
      const last = growing.read(DOCUMENT, false);
      expect(last.map(({ key, source, tokens }) => ({ key, source, tokens }))).toEqual(shape(DOCUMENT));
    }
  });

  it('are at every moment those of the text so far', () => {
    const growing = new Blocks();
    for (let end = 1; end <= DOCUMENT.length; end += 1) {
      const text = DOCUMENT.slice(0, end);
      const sources = growing.read(text, false).map((block) => block.source);
      expect(sources, JSON.stringify(text.slice(-30))).toEqual(shape(text).map((block) => block.source));
    }
  });

  it('keep the objects of what is finished', () => {
    const growing = new Blocks();
    const before = growing.read('# One\n\nTwo\n\nThree', true);
    const after = growing.read('# One\n\nTwo\n\nThree and more', true);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    expect(after[2]).not.toBe(before[2]);
  });

  it('begin again where the text is another one', () => {
    const growing = new Blocks();
    growing.read('one\n\ntwo\n\nthree', true);
    expect(growing.read('four', false).map((block) => block.source)).toEqual(['four']);
  });

  it('know a definition that comes after its use, and only when it is whole', () => {
    const growing = new Blocks();
    const text = 'See [the page][p].\n\nMore.\n\n[p]: https://example.com/long\n\nEnd.';
    let blocks = growing.read('', true);
    for (let end = 1; end <= text.length; end += 1) blocks = growing.read(text.slice(0, end), true);
    expect(JSON.stringify(blocks[0]?.tokens)).not.toContain('https://example');
    blocks = growing.read(text, false);
    expect(JSON.stringify(blocks[0]?.tokens)).toContain('https://example.com/long"');
  });

  it('keep what stands between the tags of a container together', () => {
    const blocks = new Blocks().read('<details>\n\nInside\n\n</details>\n\nAfter', false);
    expect(blocks.map((block) => block.source)).toEqual(['<details>\n\nInside\n\n</details>\n\n', 'After']);
  });

  it('read line ends of any system', () => {
    expect(new Blocks().read('a\r\n\r\nb\rc', false).map((block) => block.source)).toEqual(['a\n\n', 'b\nc']);
  });

  it('are not taken for too much when they are long lines and much code', () => {
    const rule = '-'.repeat(200);
    const code = `\`\`\`yaml\n${'      - *a [x] <b>\n'.repeat(3_000)}\`\`\``;
    const types = new Blocks()
      .read(`a\n\n${rule}\n\nb\n${rule}\n\n${code}`, false)
      .map((block) => block.tokens[0]?.type);
    expect(types).toEqual(['paragraph', 'hr', 'heading', 'code']);
  });

  it.each([
    ['quotations in quotations', '>'.repeat(20_000)],
    ['lists in lists', '- '.repeat(20_000)],
    ['numbers in numbers', '1. '.repeat(5_000)],
    ['stars', '*a **a '.repeat(20_000)],
    ['brackets', '['.repeat(50_000)],
    ['bracketed stars', '[*'.repeat(20_000)],
    ['pictures', '![['.repeat(20_000)],
    ['underscores', '_a'.repeat(50_000)],
    ['backticks', Array.from({ length: 800 }, (_, length) => '`'.repeat(length)).join(' ')],
    ['tags', '<a '.repeat(30_000)],
    ['comments', '<!--'.repeat(20_000)],
    ['table cells', `|${'a|'.repeat(20_000)}\n|${'-|'.repeat(20_000)}\n`],
    ['dollars', '$a '.repeat(30_000)],
    ['double dollars', '$$'.repeat(20_000)],
    ['brackets of maths', '\\['.repeat(20_000)],
    ['parentheses of maths', '\\('.repeat(20_000)],
    ['entities', '&amp'.repeat(30_000)],
    ['tildes', '~~a '.repeat(20_000)],
    ['links', '[a](b'.repeat(20_000)],
    ['mails', 'a@'.repeat(30_000)],
    ['hosts', 'www.'.repeat(30_000)],
    ['blank lines', '\n \n'.repeat(30_000)],
    ['definitions', '[a]: b\n'.repeat(8_000)],
    ['indents', Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth * 2)}- a`).join('\n')],
    ['open containers', '<div>\n\n'.repeat(5_000)],
    ['headings', '# '.repeat(20_000)],
  ])(
    'are read in time whatever the text is: %s',
    (_, text) => {
      const start = performance.now();
      const blocks = new Blocks().read(text, true);
      expect(blocks.length).toBeGreaterThan(0);
      // A tenth of that where nothing else runs; what the limits keep away would take minutes.
      expect(performance.now() - start).toBeLessThan(5_000);
    },
    60_000,
  );
});
