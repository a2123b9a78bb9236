// What a hostile text could have left in a page.

/** What should not be in a text that is shown. Runs in the page. */
export function foundParts(): string[] {
  const found: string[] = [];
  const forbidden =
    'script, iframe, object, embed, form, style, link, meta, base, video, audio, textarea, select, dialog, template, slot, portal, marquee, input:not([type=checkbox][disabled])';
  for (const vector of document.querySelectorAll<HTMLElement>('.markdown')) {
    const name = vector.closest<HTMLElement>('[data-vector]')?.dataset.vector ?? 'answer';
    for (const element of vector.querySelectorAll(forbidden)) found.push(`${name}: ${element.outerHTML.slice(0, 80)}`);
    for (const element of vector.querySelectorAll<HTMLElement>('*')) {
      for (const { name: attribute, value } of element.attributes) {
        if (attribute.startsWith('on') || /^\s*javascript:/i.test(value)) found.push(`${name}: ${attribute}=${value}`);
      }
      const isOwn = element.closest('.katex, .code-block, svg') !== null;
      if (!isOwn && element.id !== '') found.push(`${name}: id=${element.id}`);
      if (!isOwn && element.hasAttribute('style')) found.push(`${name}: style=${element.getAttribute('style')}`);
      if (!isOwn && ['fixed', 'absolute', 'sticky'].includes(getComputedStyle(element).position)) {
        found.push(`${name}: ${element.tagName} is ${getComputedStyle(element).position}`);
      }
    }
    for (const link of vector.querySelectorAll<HTMLAnchorElement>('a[href]')) {
      const safe = /^(?:https?|mailto):/.test(link.href) && link.target === '_blank' && link.rel.includes('noopener');
      if (!safe) found.push(`${name}: ${link.outerHTML}`);
    }
  }
  return found;
}
