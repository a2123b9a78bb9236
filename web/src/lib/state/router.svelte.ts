// Which page is shown: the hash of the address, `#/path?name=value`.
import { createContext } from 'svelte';

import { routes, type Route } from './routes';

export interface Place {
  route: Route | null;
  path: string;
  params: Record<string, string>;
  query: Record<string, string>;
}

/** Asked before the page is left; false keeps it. */
export type Leave = () => boolean | Promise<boolean>;

export class Router {
  place = $state.raw<Place>(locate(location.hash));
  #leave: Leave | null = null;
  #shown = location.hash;

  constructor() {
    addEventListener('hashchange', () => void this.#changed());
  }

  /** Goes to a path such as `/runs/01J…`. */
  go(path: string, options: { replace?: boolean } = {}): void {
    const hash = `#${path}`;
    if (!options.replace) {
      location.hash = hash;
      return;
    }
    // `replaceState` tells nobody; the event is ours to send.
    history.replaceState(null, '', hash);
    dispatchEvent(new HashChangeEvent('hashchange'));
  }

  /** Changes the query of the page that is shown; empty values are dropped. */
  query(values: Record<string, string | undefined>): void {
    const merged = new URLSearchParams(this.place.query);
    for (const [name, value] of Object.entries(values)) {
      if (value) merged.set(name, value);
      else merged.delete(name);
    }
    const text = merged.toString();
    this.go(text ? `${this.place.path}?${text}` : this.place.path, { replace: true });
  }

  /** Asks `leave` before the page changes, until the function that is returned is called. */
  guard(leave: Leave): () => void {
    this.#leave = leave;
    return () => {
      if (this.#leave === leave) this.#leave = null;
    };
  }

  async #changed(): Promise<void> {
    const wanted = location.hash;
    if (wanted === this.#shown) return;
    const next = locate(wanted);
    if (this.#leave && next.path !== this.place.path) {
      // The address shows the page that is still there while its person thinks.
      history.replaceState(null, '', this.#shown === '' ? '#/' : this.#shown);
      if (!(await this.#leave())) return;
      this.#leave = null;
      location.hash = wanted;
      return;
    }
    this.#shown = wanted;
    this.place = next;
  }
}

/** The place that a hash names. */
export function locate(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const clean = path === '' || path === '/' ? '/chat' : path;
  const found = { path: clean, query: Object.fromEntries(new URLSearchParams(query)) };
  for (const route of routes) {
    const params = match(route.path, clean);
    if (params) return { ...found, route, params };
  }
  return { ...found, route: null, params: {} };
}

function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/').filter(Boolean);
  const given = path.split('/').filter(Boolean);
  if (given.length > wanted.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index];
    if (part.startsWith(':')) {
      if (value !== undefined) params[part.slice(1).replace('?', '')] = decoded(value);
      else if (!part.endsWith('?')) return null;
    } else if (part !== value) return null;
  }
  return params;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const [getRouter, setRouter] = createContext<Router>();
