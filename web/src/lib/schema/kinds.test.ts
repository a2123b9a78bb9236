// The committed schemas are those of the CRDs, every rule in them can be read here, and every form is whole.
/// <reference types="node" />
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

import labels from '$messages/zh/resources.json';

import { understands } from './cel';
import chinese from './descriptions/zh.json';
import { fieldsOf, type Field } from './form';
import { loadKind, PLURALS, type KindSchema, type Schema } from './kind';
import { sectionsOf } from './sections';

describe('the generated schemas', () => {
  it('are what the CRDs say', () => {
    const { status, stderr } = spawnSync('node', ['scripts/schemas.mjs', '--check'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    // Another process starts for it, which a busy machine takes its time for.
  }, 30_000);

  it.each(PLURALS)('hold only rules that a form can check itself: %s', async (plural) => {
    const kind = await loadKind(plural);
    const rules = [...kind.rules, ...rulesOf(kind.spec)].map(({ rule }) => rule);
    expect(rules.filter((rule) => !understands(rule))).toEqual([]);
  });

  it.each(PLURALS)('have every field of the spec in exactly one section: %s', async (plural) => {
    const { spec } = await loadKind(plural);
    const shown = sectionsOf(plural, spec).flatMap(({ fields }) => fields.map(({ name }) => name));
    expect([...shown].sort()).toEqual(Object.keys(spec.properties ?? {}).sort());
  });

  it('know the kind of every reference', async () => {
    const fields = await Promise.all(PLURALS.map(async (plural) => allFields((await loadKind(plural)).spec, plural)));
    const references = fields.flat().filter(({ schema }) => /^Name of the object/.test(schema.description ?? ''));
    expect(references.filter(({ target }) => !target).map(({ name }) => name)).toEqual([]);
  });
});

describe('the labels of fields', () => {
  // Kubernetes' own are called as in its documentation.
  const KUBERNETES = new Set(['affinity', 'podTemplate', 'resources', 'tolerations', 'topologySpreadConstraints']);
  const namesOf = (schema: Schema): string[] => {
    const own = Object.entries(schema.properties ?? {}).filter(([name]) => !KUBERNETES.has(name));
    const inner = [schema.items, schema.values, ...own.map(([, field]) => field)];
    return [...own.map(([name]) => name), ...inner.flatMap((value) => (value ? namesOf(value) : []))];
  };

  it.each(PLURALS)('are written down for %s', async (plural) => {
    const { spec } = await loadKind(plural);
    expect(namesOf(spec).filter((name) => !Object.hasOwn(labels, `field.${name}`))).toEqual([]);
  });
});

describe('the Chinese descriptions', () => {
  // Those of servers and runtimes are for the most part Kubernetes' own, which are read in its documentation.
  it.each(['models', 'agents', 'prompttemplates', 'tools'] as const)(
    'are there for every field of %s',
    async (plural) => {
      const { spec } = await loadKind(plural);
      const described = Object.values(spec.properties ?? {}).flatMap(descriptionsOf);
      expect(described.filter((text) => !Object.hasOwn(chinese, text))).toEqual([]);
    },
  );

  it('are there for what every rule says', async () => {
    const kinds = await Promise.all(PLURALS.map(loadKind));
    const said = kinds.flatMap(messagesOf);
    expect(said.length).toBeGreaterThan(30);
    expect(said.filter((text) => !Object.hasOwn(chinese, text))).toEqual([]);
  });

  it('are of descriptions and rules that there are', async () => {
    const kinds = await Promise.all(PLURALS.map(loadKind));
    const known = new Set(kinds.flatMap((kind) => [...descriptionsOf(kind.spec), ...messagesOf(kind)]));
    expect(Object.keys(chinese).filter((text) => !known.has(text))).toEqual([]);
  });
});

/** As forms show them. */
function descriptionsOf(schema: Schema): string[] {
  const inner = [...Object.values(schema.properties ?? {}), schema.items, schema.values];
  const own = schema.description?.replaceAll('`', '').replaceAll('\n', ' ');
  return [...(own ? [own] : []), ...inner.flatMap((value) => (value ? descriptionsOf(value) : []))];
}

function messagesOf({ rules, spec }: KindSchema): string[] {
  return [...rules, ...rulesOf(spec)].map(({ message }) => message);
}

function rulesOf(schema: Schema): { rule: string; message: string }[] {
  const inner = [...Object.values(schema.properties ?? {}), schema.items, schema.values];
  return [...(schema.rules ?? []), ...inner.flatMap((value) => (value ? rulesOf(value) : []))];
}

function allFields(schema: Schema, parent: string): Field[] {
  return fieldsOf(schema, parent).flatMap((field) => {
    const inner = field.schema.items ?? field.schema;
    return [field, ...(inner.properties ? allFields(inner, field.name) : [])];
  });
}
