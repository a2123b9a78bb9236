// How the fields of a kind are grouped in its form. A field that no section names stands in the last one.
import { fieldsOf, type Field } from './form';
import type { Plural, Schema } from './kind';

/** A part of a form; its title is the message `resources.section.<id>`. */
export interface Section {
  id: SectionId;
  fields: Field[];
}

export type SectionId =
  'basics' | 'access' | 'behaviour' | 'prompt' | 'tools' | 'limits' | 'memory' | 'members' | 'more';

type Plan = readonly (readonly [SectionId, readonly string[]])[];

const PLANS: Readonly<Record<Plural, Plan>> = {
  models: [
    ['basics', ['protocol', 'baseUrl', 'model', 'kind']],
    ['access', ['apiKey', 'headers', 'tls']],
    ['behaviour', ['parameters', 'contextWindow', 'fallbacks']],
    ['limits', ['timeout', 'firstTokenTimeout', 'retry', 'limits', 'pricing']],
  ],
  tools: [
    ['basics', ['http', 'mcp', 'skill', 'function', 'template', 'builtin', 'toolName', 'description']],
    ['behaviour', ['parameters', 'output', 'approval', 'hiddenArguments']],
    ['limits', ['timeout', 'onInterrupted', 'idempotent']],
  ],
  mcpservers: [
    ['basics', ['stdio', 'http']],
    ['tools', ['toolFilter']],
    ['limits', ['timeout', 'maxResponseBytes', 'replicas', 'resources', 'podTemplate']],
  ],
  prompttemplates: [['basics', ['content', 'engine', 'variables']]],
  agents: [
    ['basics', ['displayName', 'description', 'modelRef', 'group', 'avatar']],
    ['prompt', ['systemPrompt', 'role', 'goal', 'persona']],
    ['tools', ['tools', 'delegation']],
    ['behaviour', ['parameters', 'output', 'workspace']],
    ['memory', ['memory', 'context']],
    ['limits', ['limits']],
  ],
  teams: [
    ['basics', ['objective', 'strategy']],
    ['members', ['members', 'supervisor', 'modelRef', 'aggregation', 'maxRounds', 'terminationPhrase']],
    ['tools', ['tools']],
    ['memory', ['memory']],
    ['limits', ['limits']],
  ],
  workflows: [
    ['basics', ['input', 'nodes', 'edges']],
    ['limits', ['limits']],
  ],
  runtimes: [
    ['basics', ['image', 'replicas', 'defaults']],
    ['access', ['auth', 'env', 'egress', 'proxy', 'caBundle', 'imagePullSecrets']],
    ['limits', ['queue', 'history', 'resources', 'sandbox', 'storage', 'workspace']],
  ],
};

/** The form of a kind in its parts; every field of the schema is in exactly one of them. */
export function sectionsOf(plural: Plural, spec: Schema): Section[] {
  const left = new Map(fieldsOf(spec, plural).map((field) => [field.name, field]));
  const take = (name: string): Field[] => {
    const field = left.get(name);
    left.delete(name);
    return field ? [field] : [];
  };
  const planned = PLANS[plural].map(([id, names]) => ({ id, fields: names.flatMap(take) }));
  const sections = [...planned, { id: 'more' as const, fields: [...left.values()] }];
  return sections.filter(({ fields }) => fields.length > 0);
}
