/**
 * Which addresses a rendered text may name. Everything that is not named here is shown as text.
 */

/** Where a link may lead: away from the console, never into it and never into a script. */
const LINKED = new Set(['http:', 'https:', 'mailto:']);

/** What `data:` may hold in a picture: formats that only a decoder of pixels reads. SVG is a document. */
const PICTURE = /^data:image\/(?:png|jpeg|gif|webp|avif|bmp);base64,[a-z0-9+/=\s]+$/i;

// Browsers drop these from addresses before they read the scheme; so what we compare must not hold them either.
// eslint-disable-next-line no-control-regex
const INVISIBLE = /[\u0000-\u0020\u007f-\u00a0\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]/;

/** The address of a link, whole; `undefined` where it may not be one. */
export function linkAddress(href: string): string | undefined {
  const trimmed = href.trim();
  if (INVISIBLE.test(trimmed) || !/^[a-z]+:/i.test(trimmed)) return undefined;
  const url = parse(trimmed);
  if (!url || !LINKED.has(url.protocol)) return undefined;
  // `https://bank.example@evil.example/` reads as another place than it leads to.
  if (url.username !== '' || url.password !== '') return undefined;
  return url.href;
}

export type Picture = { shown: string } | { linked: string };

/** A picture that may be shown, or one from elsewhere that may be linked; `undefined` where it is neither. */
export function pictureAddress(src: string): Picture | undefined {
  const trimmed = src.trim();
  if (PICTURE.test(trimmed)) return { shown: trimmed };
  const url = parse(trimmed, location.href);
  if (!url) return undefined;
  if (url.origin === location.origin && (url.protocol === location.protocol || url.protocol === 'blob:')) {
    return { shown: url.href };
  }
  const linked = linkAddress(url.href);
  return linked !== undefined && url.protocol !== 'mailto:' ? { linked } : undefined;
}

/** The host that a link leads to, where its words name another one. */
export function misnamedHost(words: string, href: string): string | undefined {
  const named = /(?:^|\s)(?:https?:\/\/)?((?:[\w-]+\.)+[a-z]{2,})(?:[/:?#\s]|$)/i.exec(words)?.[1]?.toLowerCase();
  const host = parse(href)?.hostname;
  if (!named || !host) return undefined;
  return host === named || host === `www.${named}` || `www.${host}` === named ? undefined : host;
}

function parse(address: string, base?: string): URL | undefined {
  try {
    return new URL(address, base);
  } catch {
    return undefined;
  }
}
