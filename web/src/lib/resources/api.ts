// Reading and writing manifests. A version goes along with each write, so that nobody overwrites what they have not seen.
import { address, ApiError, authorizedFetch, isAbort, request, type FieldFinding } from '$lib/api/client';
import { isFields } from '$lib/schema/edit';
import type { Plural } from '$lib/schema/kind';

import type { Manifest } from './manifest';

export interface Page {
  items: Manifest[];
  cursor?: string | null;
}

/** A resource that refers to another one. */
export interface Use {
  /** Its kind, as manifests say it. */
  kind: string;
  name: string;
  /** The field that refers. */
  path: string;
}

interface WriteOptions {
  /** The version that it must still have. */
  version?: string;
  /** Writes also what something else owns. */
  force?: boolean;
  signal?: AbortSignal;
}

const path = (kind: Plural, name: string) => `/v1/resources/${kind}/${encodeURIComponent(name)}`;

export function listPage(kind: Plural, cursor?: string): Promise<Page> {
  // The most that the service gives at once.
  return request<Page>('GET', `/v1/resources/${kind}`, { query: { limit: 500, cursor } });
}

export function readManifest(kind: Plural, name: string, signal?: AbortSignal): Promise<Manifest> {
  return request<Manifest>('GET', path(kind, name), { signal });
}

/** Writes a manifest as YAML; the answer is how it stands now. */
export function applyManifest(kind: Plural, name: string, text: string, options: WriteOptions = {}): Promise<Manifest> {
  return put(kind, name, text, { ...options, query: { force: options.force || undefined } });
}

/** What a text is worth without writing it: the manifest that it would be, or what is wrong with it. */
export async function tryManifest(
  kind: Plural,
  name: string,
  text: string,
  signal: AbortSignal,
): Promise<FieldFinding[]> {
  try {
    const manifest = await put(kind, name, text, { signal, query: { dry_run: true } });
    const findings = manifest.status?.findings;
    // What it answers with 200 it would take: a reference to what is to come is no mistake.
    return (Array.isArray(findings) ? (findings as FieldFinding[]) : []).map((finding) => ({
      ...finding,
      severity: 'warning',
    }));
  } catch (thrown) {
    if (isAbort(thrown)) throw thrown;
    return findingsOf(thrown);
  }
}

/** What a refusal says of single fields; the whole of it where it names none. */
export function findingsOf(thrown: unknown): FieldFinding[] {
  const error = ApiError.from(thrown);
  // What the service did not get to is no finding about the text.
  if (error.status < 400 || error.status >= 500 || [401, 403, 409, 412, 429].includes(error.status)) throw error;
  if (error.findings.length > 0) return error.findings;
  const field = isFields(error.body) && typeof error.body.field === 'string' ? error.body.field : '';
  const message = error.sentence.replace(/^Invalid value for field [^:]*: /, '');
  return [{ path: field, message, severity: 'error' }];
}

export async function deleteManifest(kind: Plural, name: string, options: WriteOptions = {}): Promise<void> {
  const headers = options.version ? { 'if-match': `"${options.version}"` } : undefined;
  await request('DELETE', path(kind, name), { headers, query: { force: options.force || undefined } });
}

/** Which resources refer to one. */
export interface Uses {
  items: Use[];
  /** How many more there are, of kinds that the person may not list. */
  others: number;
}

export function usesOf(kind: Plural, name: string): Promise<Uses> {
  return request<Uses>('GET', `${path(kind, name)}/uses`);
}

interface PutOptions extends WriteOptions {
  query: Record<string, boolean | undefined>;
}

async function put(
  kind: Plural,
  name: string,
  text: string,
  { version, signal, query }: PutOptions,
): Promise<Manifest> {
  const headers: Record<string, string> = { 'content-type': 'application/yaml', accept: 'application/json' };
  if (version) headers['if-match'] = `"${version}"`;
  const sent = authorizedFetch(address(path(kind, name), query), { method: 'PUT', headers, body: text, signal });
  const response = await sent.catch((thrown: unknown) => {
    throw isAbort(thrown) ? thrown : ApiError.from(thrown);
  });
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, body);
  return body as Manifest;
}
