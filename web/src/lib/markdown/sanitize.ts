/**
 * HTML of a rendered text made safe: an allow-list of elements and attributes, nothing that runs, loads, styles or
 * names. The result is a fragment and is never written out and parsed again, so that it means what was checked.
 */
import DOMPurify from 'dompurify';

import { linkAddress, misnamedHost, pictureAddress } from './address';
import { SLOT, type Slots } from './slot';

const TAGS =
  'a abbr b blockquote br caption cite code dd del details dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ' +
  'ol p pre q rp rt ruby s samp small span strike strong sub summary sup table tbody td tfoot th thead tr u ul var wbr';

/** No `class`, `id`, `name` or `style`: they would name or dress up what is the console's own. */
const ATTRIBUTES = ['align', 'alt', 'colspan', 'dir', 'href', 'lang', 'open', 'rowspan', 'src', 'start', 'title', SLOT];

/** More columns than that are an attack on the layout. */
const MOST_SPAN = 50;

const CONFIGURATION = {
  ALLOWED_TAGS: TAGS.split(' '),
  ALLOWED_ATTR: ATTRIBUTES,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOW_UNKNOWN_PROTOCOLS: false,
  // As DOMPurify's own, with fewer schemes; `address.ts` then decides about each address as a whole.
  ALLOWED_URI_REGEXP: /^(?:(?:https?|mailto|blob):|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i,
  FORBID_CONTENTS: ['style', 'script', 'template', 'noscript', 'iframe', 'object', 'svg', 'math', 'title', 'textarea'],
  RETURN_DOM_FRAGMENT: true as const,
};

let slots: Slots | undefined;
let purifier: ReturnType<typeof DOMPurify> | undefined;

/** Made on first use: a module must load where there is no window. */
function purify(): ReturnType<typeof DOMPurify> {
  if (purifier) return purifier;
  purifier = DOMPurify(window);
  purifier.addHook('afterSanitizeAttributes', (node) => {
    keepOwnPlaces(node);
    if (node.tagName === 'A') openElsewhere(node);
    if (node.tagName === 'IMG') loadOnlyOwn(node);
    if (node.tagName === 'TD' || node.tagName === 'TH') limitSpans(node);
  });
  return purifier;
}

/** What the HTML says, safe to show; the names of places are those of `places`. */
export function sanitize(html: string, places: Slots): DocumentFragment {
  slots = places;
  try {
    const fragment = purify().sanitize(html, CONFIGURATION);
    for (const picture of fragment.querySelectorAll(`img[${SLOT}]`)) picture.replaceWith(placeOf(picture));
    return fragment;
  } finally {
    slots = undefined;
  }
}

function keepOwnPlaces(node: Element): void {
  const name = node.getAttribute(SLOT);
  if (name !== null && !slots?.get(name)) node.removeAttribute(SLOT);
}

function openElsewhere(link: Element): void {
  const href = linkAddress(link.getAttribute('href') ?? '');
  link.removeAttribute('href');
  link.removeAttribute('title');
  if (href === undefined) return;
  link.setAttribute('href', href);
  link.setAttribute('title', href);
  link.setAttribute('target', '_blank');
  link.setAttribute('rel', 'noopener noreferrer nofollow');
  link.setAttribute('referrerpolicy', 'no-referrer');
  const host = misnamedHost(link.textContent ?? '', href);
  if (host !== undefined) link.append(` (${host})`);
}

// This happens in DOMPurify's own document, in which nothing loads.
function loadOnlyOwn(image: Element): void {
  const picture = pictureAddress(image.getAttribute('src') ?? '');
  image.removeAttribute('src');
  if (picture === undefined) {
    image.setAttribute('alt', image.getAttribute('alt') ?? '');
  } else if ('shown' in picture) {
    image.setAttribute('src', picture.shown);
    image.setAttribute('alt', image.getAttribute('alt') ?? '');
    image.setAttribute('loading', 'lazy');
    image.setAttribute('decoding', 'async');
    image.setAttribute('referrerpolicy', 'no-referrer');
  } else {
    const name = slots?.add({ kind: 'picture', href: picture.linked, alt: image.getAttribute('alt') ?? '' });
    if (name !== undefined) image.setAttribute(SLOT, name);
  }
}

/** A picture that is not shown becomes a place that can hold something. */
function placeOf(picture: Element): Element {
  const place = document.createElement('span');
  place.setAttribute(SLOT, picture.getAttribute(SLOT) ?? '');
  return place;
}

function limitSpans(cell: Element): void {
  for (const name of ['colspan', 'rowspan']) {
    const value = cell.getAttribute(name);
    if (value !== null && !(Number(value) >= 1 && Number(value) <= MOST_SPAN)) cell.removeAttribute(name);
  }
}
