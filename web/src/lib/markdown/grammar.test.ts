import { describe, expect, it } from 'vitest';

import { Blocks } from './blocks';
import { render } from './grammar';

const html = (text: string) =>
  new Blocks()
    .read(text, false)
    .map((block) => render(block.tokens, block.rank).html)
    .join('');
const formulas = (text: string) => [...html(text).matchAll(/data-slot/g)].length;

describe('mathematics', () => {
  it.each([
    '$x$',
    '$a*b*c$',
    '\\(x\\)',
    '\\[x\\]',
    '$$\nx\n$$',
    '\\[\nx\n\\]',
    'so $$x$$ then',
    '**$x$**',
    '| $x$ |\n|---|',
    '```math\nx\n```',
    '$\\$5$',
  ])('is read: %j', (text) => expect(formulas(text)).toBe(1));

  it.each([
    'costs $5 and $10',
    '$HOME and $PATH',
    'US$5 (A$7)',
    '$ 5 $',
    '`$x$`',
    '```\n$x$\n```',
    '\\$x\\$',
    '$5',
    '$$',
    'a $x\n\ny$ b',
  ])('is not read into: %j', (text) =>
    expect(html(text).replace(/<div data-slot="[^"]*"><\/div>/, '')).not.toContain('<span data-slot'),
  );

  it('is not emphasis', () => {
    expect(html('$a_1 * b_2$ and $c_1 * d_2$')).not.toContain('<em>');
  });
});

describe('a heading', () => {
  it('stands below those of the page, and skips no rank', () => {
    expect(html('# a\n\n## b\n\n###### c')).toBe('<h3>a</h3><h4>b</h4><h5>c</h5>');
    expect(html('### a\n\n- ### b\n\n# c')).toBe('<h3>a</h3><ul>\n<li><h4>b</h4></li>\n</ul>\n<h3>c</h3>');
  });
});

describe('a definition', () => {
  it('serves links in any block', () => {
    expect(html('[a][1]\n\ntext\n\n[1]: https://example.com')).toContain('<a href="https://example.com">a</a>');
  });
});
