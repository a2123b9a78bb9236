import { describe, expect, it } from 'vitest';

import { morph, type Places } from './morph';

const noPlaces: Places = { keep: () => false, drop: () => {}, isPlace: () => false };

function element(html: string): HTMLElement {
  const root = document.createElement('div');
  root.innerHTML = html;
  return root;
}

describe('morphing', () => {
  it.each([
    ['', '<p>a</p>'],
    ['<p>a</p>', '<p>ab</p>'],
    ['<p>a</p><ul><li>b</li></ul>', '<p>a</p><ul><li>b</li><li>c <b>d</b></li></ul>'],
    ['<p>a <b>b</b> c</p>', '<p>a <i>b</i></p>'],
    ['<p title="x">a</p>', '<p>a</p>'],
    ['<p>a</p><p>b</p>', '<p>a</p>'],
  ])('makes %s into %s', (before, after) => {
    const root = element(before);
    morph(root, element(after), noPlaces);
    expect(root.innerHTML).toBe(after);
  });

  it('keeps the elements that do not differ', () => {
    const root = element('<p>a</p><ul><li>b</li></ul>');
    const [paragraph, item] = [root.querySelector('p'), root.querySelector('li')];
    morph(root, element('<p>a</p><ul><li>b</li><li>c</li></ul>'), noPlaces);
    expect(root.querySelector('p')).toBe(paragraph);
    expect(root.querySelector('li')).toBe(item);
  });

  it('keeps a place that its owner keeps and tells of one that goes', () => {
    const root = element('<p><span data-slot="1">mine</span></p><div data-slot="2">gone</div>');
    const dropped: string[] = [];
    const places: Places = {
      isPlace: (found) => found.hasAttribute('data-slot'),
      keep: (old, fresh) => old.getAttribute('data-slot') === fresh.getAttribute('data-slot'),
      drop: (old) => dropped.push(old.getAttribute('data-slot') ?? ''),
    };
    morph(root, element('<p><span data-slot="1"></span> more</p>'), places);
    expect(root.innerHTML).toBe('<p><span data-slot="1">mine</span> more</p>');
    expect(dropped).toEqual(['2']);
  });
});
