// @vitest-environment jsdom
// DOMPurify does not work in happy-dom: it leaves scripts within elements. Chromium runs the same texts in the end-to-end tests.
import { describe, expect, it } from 'vitest';

import { Blocks } from './blocks';
import { render } from './grammar';
import { HOSTILE, hostileParts } from './hostile';
import { sanitize } from './sanitize';
import { SLOT, type Slot } from './slot';

interface Shown {
  root: HTMLElement;
  slots: Slot[];
}

function show(text: string, streaming = false): Shown {
  const root = document.createElement('div');
  const slots: Slot[] = [];
  for (const block of new Blocks().read(text, streaming)) {
    const rendered = render(block.tokens, block.rank);
    const fragment = sanitize(rendered.html, rendered.slots);
    for (const place of fragment.querySelectorAll(`[${SLOT}]`)) {
      const slot = rendered.slots.get(place.getAttribute(SLOT));
      if (slot) slots.push(slot);
    }
    root.append(fragment);
  }
  return { root, slots };
}

describe('a hostile text', () => {
  it.each(Object.entries(HOSTILE))('leaves nothing in the page: %s', (_, text) => {
    expect(hostileParts(show(text).root)).toEqual([]);
  });

  it.each(Object.entries(HOSTILE))('leaves nothing in the page at any moment of its being written: %s', (_, text) => {
    for (let end = 1; end < text.length; end += 3) {
      expect(hostileParts(show(text.slice(0, end), true).root), text.slice(0, end)).toEqual([]);
    }
  });

  it('is found by the test itself', () => {
    const root = document.createElement('div');
    root.innerHTML =
      '<b onclick="x">b</b><a href="javascript:x">a</a><img src="https://evil.example/x"><form></form><p style="x" id="y">';
    expect(hostileParts(root)).toHaveLength(8);
  });
});

describe('a link', () => {
  const link = (text: string) => show(text).root.querySelector('a');

  it('opens elsewhere and tells nothing of where it stood', () => {
    const found = link('[words](https://example.com/a?b=c)');
    expect(found?.getAttribute('href')).toBe('https://example.com/a?b=c');
    expect(found?.getAttribute('target')).toBe('_blank');
    expect(found?.getAttribute('rel')).toBe('noopener noreferrer nofollow');
  });

  it('says where it leads when its words say something else', () => {
    expect(link('[https://bank.example/](https://evil.example/)')?.textContent).toBe(
      'https://bank.example/ (evil.example)',
    );
    expect(link('[example.com](https://www.example.com/)')?.textContent).toBe('example.com');
    expect(link('[the manual](https://docs.example.com/)')?.textContent).toBe('the manual');
  });

  it('that leads nowhere is its words', () => {
    const { root } = show('[report](report.pdf)');
    expect(root.textContent?.trim()).toBe('report');
    expect(root.querySelector('a')?.hasAttribute('href')).toBe(false);
  });
});

describe('a picture', () => {
  it('of the text itself is shown', () => {
    const { root } = show('![dot](data:image/png;base64,iVBORw0KGgo=)');
    expect(root.querySelector('img')?.getAttribute('src')).toBe('data:image/png;base64,iVBORw0KGgo=');
    expect(root.querySelector('img')?.getAttribute('alt')).toBe('dot');
  });

  it('of this origin is shown', () => {
    const source = `blob:${location.origin}/1234`;
    expect(show(`![made](${source})`).root.querySelector('img')?.getAttribute('src')).toBe(source);
  });

  it('from elsewhere is a link that somebody must want', () => {
    const { root, slots } = show('![chart](https://example.com/chart.png)');
    expect(root.querySelector('img')).toBeNull();
    expect(slots).toEqual([{ kind: 'picture', href: 'https://example.com/chart.png', alt: 'chart' }]);
  });
});

describe('what is not hostile', () => {
  it('stays', () => {
    const { root, slots } = show(
      '# One\n\n*a* **b** ~~c~~ `d` <kbd>e</kbd>\n\n- [x] done\n- [ ] open\n\n| a | b |\n|:-:|--:|\n| 1 | 2 |\n\n1. x\n\n> q\n\n```js\nf()\n```\n\n$x$\n\n---',
    );
    for (const name of [
      'h3',
      'em',
      'strong',
      'del',
      'code',
      'kbd',
      'ul',
      'table',
      'th[align=center]',
      'td[align=right]',
      'ol',
      'blockquote',
      'hr',
    ]) {
      expect(root.querySelector(name), name).not.toBeNull();
    }
    expect(slots.map((slot) => slot.kind)).toEqual(['task', 'task', 'code', 'math']);
  });

  it('stays together over blocks', () => {
    const { root } = show('<details>\n<summary>More</summary>\n\nInside **it**\n\n</details>\n\nAfter');
    expect(root.querySelector('details strong')?.textContent).toBe('it');
    expect(root.querySelector('details')?.textContent).not.toContain('After');
  });
});
