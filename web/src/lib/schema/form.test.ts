// Which control a field gets, and what depends on what.
import { describe, expect, it } from 'vitest';

import { argumentsSchema } from './argument';
import { blank, chosen, fieldOf, fieldsOf, isShown, itemOf, pruned, unionOf, type Field } from './form';
import { loadKind } from './kind';
import { checkValue } from './validate';

const named = (fields: Field[], name: string) => fields.find((field) => field.name === name) as Field;

describe('a field', () => {
  it('that refers to a resource is a choice among those of its kind', async () => {
    const fields = fieldsOf((await loadKind('agents')).spec, 'agents');
    expect(named(fields, 'modelRef')).toMatchObject({ control: 'reference', target: 'models' });
    const prompt = fieldsOf(named(fields, 'systemPrompt').schema, 'systemPrompt');
    const template = fieldsOf(named(prompt, 'templateRef').schema, 'templateRef');
    expect(named(template, 'name')).toMatchObject({ control: 'reference', target: 'prompttemplates', bare: true });
    const fallbacks = named(fieldsOf((await loadKind('models')).spec), 'fallbacks');
    expect(itemOf(fallbacks)).toMatchObject({ control: 'reference', target: 'models' });
  });

  it('that holds a secret asks for a Secret and its key', async () => {
    const fields = fieldsOf((await loadKind('models')).spec, 'models');
    const key = fieldsOf(named(fields, 'apiKey').schema, 'apiKey');
    expect(named(key, 'secretKeyRef').control).toBe('secret');
  });

  it('of free form is JSON', async () => {
    const fields = fieldsOf((await loadKind('models')).spec, 'models');
    expect(named(fields, 'parameters').control).toBe('json');
    expect(named(fields, 'timeout').control).toBe('text');
    expect(named(fields, 'kind').control).toBe('choice');
  });

  it('of which only one may be set is an alternative', async () => {
    const { spec } = await loadKind('tools');
    expect(unionOf(spec)).toEqual(['http', 'mcp', 'skill', 'function', 'template', 'builtin']);
    expect(chosen(spec, { template: {} })).toBe('template');
    expect(named(fieldsOf(spec), 'http').alternative).toBe(true);
  });

  it('that means nothing without another is shown with it', async () => {
    const { spec } = await loadKind('agents');
    const item = itemOf(named(fieldsOf(spec), 'tools'));
    const overrides = named(fieldsOf(item.schema), 'overrides');
    expect(isShown(overrides, { builtin: 'Bash' })).toBe(false);
    expect(isShown(overrides, { tool: { name: 'x' } })).toBe(true);
    expect(isShown(overrides, { builtin: 'Bash', overrides: {} })).toBe(true);
  });

  it('starts with what it must have', async () => {
    const { spec } = await loadKind('models');
    expect(blank(spec)).toEqual({ protocol: 'OpenAI', baseUrl: '', model: '' });
  });
});

describe('a field that is taken out', () => {
  it('takes the empty objects around it along, but for those that say something', async () => {
    const { spec } = await loadKind('agents');
    const memory = { memory: {}, tools: [{}] };
    expect(pruned(spec, memory, ['memory', 'scope'])).toEqual({ tools: [{}] });
    expect(pruned(spec, memory, ['tools', 0, 'builtin'])).toEqual(memory);
    const tools = await loadKind('tools');
    expect(pruned(tools.spec, { template: {} }, ['template', 'text'])).toEqual({ template: {} });
  });
});

describe('the arguments of a tool', () => {
  it('become fields, whatever way their schema says them', () => {
    const schema = argumentsSchema({
      $defs: { Place: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
      properties: {
        place: { $ref: '#/$defs/Place' },
        unit: { anyOf: [{ type: 'string', enum: ['C', 'F'] }, { type: 'null' }], default: null, title: 'Unit' },
        days: { type: ['integer', 'null'], minimum: 1 },
        mode: { oneOf: [{ const: 'a' }, { const: 'b' }] },
        either: { oneOf: [{ type: 'string' }, { type: 'integer' }] },
        tags: { type: 'array', items: { type: 'string' } },
        free: { type: 'object' },
      },
      required: ['place'],
    });
    const controls = Object.fromEntries(fieldsOf(schema).map(({ name, control }) => [name, control]));
    expect(controls).toEqual({
      place: 'group',
      unit: 'choice',
      days: 'number',
      mode: 'choice',
      either: 'json',
      tags: 'list',
      free: 'json',
    });
    expect(checkValue(schema, {}, []).map(({ fault }) => fault.code)).toEqual(['required']);
  });

  it('that refer to themselves end in JSON', () => {
    const tree = { type: 'object', properties: { child: { $ref: '#' } } };
    expect(fieldOf('x', argumentsSchema(tree), false).control).toBe('group');
  });

  it('of no form at all are one field of JSON', () => {
    expect(fieldOf('x', argumentsSchema(true), false).control).toBe('json');
    expect(fieldOf('x', argumentsSchema({ type: 'string' }), false).control).toBe('json');
  });
});
