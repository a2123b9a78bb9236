// The kinds of resources and the schemas of their specs, generated from the CRDs and loaded when one is needed.

/** A CEL rule of a CRD, with what it says to the person who breaks it. */
export interface Rule {
  rule: string;
  message: string;
}

export type Type = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'int-or-string';

/** What a value may be: a structural schema of Kubernetes, with shorter words (see scripts/schemas.mjs). */
export interface Schema {
  /** Any JSON where it is absent. */
  type?: Type;
  description?: string;
  enum?: readonly unknown[];
  default?: unknown;
  /** `paragraph` for a text of several lines whose length is not bounded. */
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  required?: readonly string[];
  /** Fields beyond `properties` are taken as they are. */
  open?: boolean;
  properties?: Readonly<Record<string, Schema>>;
  items?: Schema;
  /** The schema of every value of a map. */
  values?: Schema;
  rules?: readonly Rule[];
}

/** A kind with the schema of its spec. */
export interface KindSchema {
  kind: string;
  plural: string;
  description: string;
  /** Rules over the whole object. */
  rules: readonly Rule[];
  spec: Schema;
}

/** Every kind, by its name in paths, in the order in which they refer to each other. */
export const PLURALS = [
  'models',
  'tools',
  'mcpservers',
  'prompttemplates',
  'agents',
  'teams',
  'workflows',
  'runtimes',
] as const;

export type Plural = (typeof PLURALS)[number];

/** A kind as manifests say it. */
export const KINDS: Readonly<Record<Plural, string>> = {
  models: 'Model',
  tools: 'Tool',
  mcpservers: 'McpServer',
  prompttemplates: 'PromptTemplate',
  agents: 'Agent',
  teams: 'Team',
  workflows: 'Workflow',
  runtimes: 'Runtime',
};

/** The name in paths of a kind as manifests say it. */
export function pluralOf(kind: string): Plural | undefined {
  return PLURALS.find((plural) => KINDS[plural] === kind);
}

const files = import.meta.glob<KindSchema>('./kinds/*.json', { import: 'default' });
const loaded = new Map<Plural, Promise<KindSchema>>();

/** The schema of a kind; loaded once. */
export function loadKind(plural: Plural): Promise<KindSchema> {
  const known = loaded.get(plural);
  if (known) return known;
  const load = files[`./kinds/${plural}.json`];
  if (!load) return Promise.reject(new Error(`there is no schema of ${plural}`));
  const promise = load();
  loaded.set(plural, promise);
  // A file that did not arrive is asked for again.
  promise.catch(() => loaded.delete(plural));
  return promise;
}
