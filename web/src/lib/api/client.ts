// The typed client of the HTTP API. `answer(api.GET('/v1/agents'))` gives the body or throws an ApiError.
import createClient from 'openapi-fetch';

import { authorizedFetch } from './connection';
import { ApiError } from './error';
import type { components, paths } from './schema';

export { ApiError, isAbort, type FieldFinding } from './error';
export { authorizedFetch } from './connection';
export type Schemas = components['schemas'];

export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? 'http://localhost',
  fetch: (request) => authorizedFetch(request),
});

interface Outcome<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a successful answer; everything else is thrown as an ApiError. */
export async function answer<T>(pending: Promise<Outcome<T>>): Promise<T> {
  const { data, error, response } = await reached(pending);
  if (!response.ok) throw new ApiError(response.status, error);
  return data as T;
}

interface RequestOptions {
  query?: Record<string, string | number | boolean | null | undefined>;
  body?: unknown;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

/** A request that the typed client does not know: the path as it is, JSON both ways. */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const response = await reached(
    authorizedFetch(address(path, options.query), {
      method,
      headers: { ...(options.body === undefined ? {} : { 'content-type': 'application/json' }), ...options.headers },
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
    }),
  );
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, body);
  return body as T;
}

/** A path with its query; absent values are left out. */
export function address(path: string, query: RequestOptions['query'] = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

async function reached<T>(pending: Promise<T>): Promise<T> {
  try {
    return await pending;
  } catch (thrown) {
    // An abort is no failure: who aborted knows.
    if (thrown instanceof DOMException) throw thrown;
    throw ApiError.from(thrown);
  }
}
