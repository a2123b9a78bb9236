// Manifests as the service shows them, and what is read out of one.
import { isFields, textAt, type Fields } from '$lib/schema/edit';
import { KINDS, type Plural } from '$lib/schema/kind';

/** The annotation that holds an id which is no name of Kubernetes. */
export const ID_ANNOTATION = 'troupe.dev/id';

export interface Condition {
  type: string;
  /** `True`, `False` or `Unknown`. */
  status: string;
  reason: string;
  message: string;
}

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  spec: Fields;
  status?: Status | null;
}

export interface Metadata {
  name: string;
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  resourceVersion?: string;
  creationTimestamp?: string;
  [field: string]: unknown;
}

export interface Status {
  conditions?: Condition[];
  currentRevision?: string;
  servingRevision?: string;
  file?: string;
  line?: number;
  /** Who owns it where it is not this service: `Helm release web`, `Argo CD`, a read-only file. */
  managedBy?: string;
  [field: string]: unknown;
}

/** `ready`: served as it stands. `warning`: served, and something is to be looked at. `failed`: not served as written. */
export type Standing = 'ready' | 'warning' | 'suspended' | 'failed' | 'unknown';

export const nameOf = (manifest: Manifest): string => manifest.metadata.name;

/** The id by which the rest of the API knows it. */
export function idOf({ metadata }: Manifest): string {
  return metadata.annotations?.[ID_ANNOTATION] || metadata.name;
}

/** What people call it. */
export function labelOf(manifest: Manifest): string {
  return textAt(manifest.spec, ['displayName']) || idOf(manifest);
}

export function conditionsOf(manifest: Manifest): Condition[] {
  return manifest.status?.conditions ?? [];
}

export function conditionOf(manifest: Manifest, type: string): Condition | undefined {
  return conditionsOf(manifest).find((condition) => condition.type === type);
}

/** Field managers by the names that people know them by. */
const OWNERS: Readonly<Record<string, string>> = {
  helm: 'Helm',
  'argocd-controller': 'Argo CD',
  'kustomize-controller': 'Flux (Kustomization)',
  'helm-controller': 'Flux (HelmRelease)',
};

/** Marks by which tools find what they made; the service tells the owner itself where it knows it better. */
const MARKS: readonly (readonly ['labels' | 'annotations', string, string])[] = [
  ['labels', 'argocd.argoproj.io/instance', 'argocd-controller'],
  ['labels', 'kustomize.toolkit.fluxcd.io/name', 'kustomize-controller'],
  ['labels', 'helm.toolkit.fluxcd.io/name', 'helm-controller'],
  ['annotations', 'argocd.argoproj.io/tracking-id', 'argocd-controller'],
  ['annotations', 'meta.helm.sh/release-name', 'helm'],
];

/** Who owns it, so that it is not to be changed here; null where nobody else does. */
export function managedBy({ metadata, status }: Manifest): string | null {
  const marked = MARKS.find(([place, name]) => metadata[place]?.[name] !== undefined)?.[2];
  const helm = metadata.labels?.['app.kubernetes.io/managed-by'] === 'Helm' ? 'helm' : undefined;
  const owner = status?.managedBy || marked || helm;
  return owner ? (OWNERS[owner] ?? owner) : null;
}

export function standingOf(manifest: Manifest): Standing {
  if (manifest.spec.suspend === true) return 'suspended';
  const ready = conditionOf(manifest, 'Ready');
  if (!ready) return 'unknown';
  if (ready.status === 'False') return ready.reason === 'Suspended' ? 'suspended' : 'failed';
  if (ready.status !== 'True') return 'unknown';
  return conditionsOf(manifest).some(({ status }) => status === 'False') ? 'warning' : 'ready';
}

/** The condition that a person should read first: what keeps it from serving, else what warns. */
export function firstTrouble(manifest: Manifest): Condition | undefined {
  const troubles = conditionsOf(manifest).filter(({ status }) => status !== 'True');
  return troubles.find(({ type }) => type === 'Ready') ?? troubles[0];
}

/** What a person edits: without what the service writes itself. */
export function editable(manifest: Manifest): Fields {
  const metadata: Fields = { name: manifest.metadata.name };
  for (const field of ['annotations', 'labels']) {
    const value = manifest.metadata[field];
    if (isFields(value) && Object.keys(value).length > 0) metadata[field] = value;
  }
  return { apiVersion: manifest.apiVersion, kind: manifest.kind, metadata, spec: manifest.spec };
}

/** A new one of a kind, with what its form starts with. */
export function draftOf(plural: Plural, spec: Fields, name = ''): Fields {
  return { apiVersion: 'troupe.dev/v1alpha1', kind: KINDS[plural], metadata: { name }, spec };
}

/** A copy under another name; its id, its revisions and its owner stay with the original. */
export function copyOf(manifest: Manifest, name: string): Fields {
  const copy = editable(manifest);
  const { publishedRevision: _, ...spec } = manifest.spec;
  const left = new Set([ID_ANNOTATION, 'app.kubernetes.io/managed-by', ...MARKS.map(([, mark]) => mark)]);
  const metadata: Fields = { name };
  for (const place of ['labels', 'annotations'] as const) {
    const kept = Object.entries(manifest.metadata[place] ?? {}).filter(([mark]) => !left.has(mark));
    if (kept.length > 0) metadata[place] = Object.fromEntries(kept);
  }
  return { ...copy, metadata, spec };
}

/** A name that is not taken yet: `name-copy`, `name-copy-2`, …, at most 40 characters. */
export function freeName(name: string, taken: (name: string) => boolean): string {
  for (let number = 1; ; number++) {
    const end = number === 1 ? '-copy' : `-copy-${number}`;
    const candidate = name.slice(0, 40 - end.length).replace(/-+$/, '') + end;
    if (!taken(candidate)) return candidate;
  }
}
