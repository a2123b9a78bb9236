// What is read out of manifests: standing, words, choices, copies, groups of tools.
import { describe, expect, it } from 'vitest';

import { templateChoice, variablesOf } from './choice';
import { deleteAll } from './deletion';
import { copyOf, editable, freeName, managedBy, standingOf, type Condition, type Manifest } from './manifest';
import { render } from './placeholder';
import { matching } from './search';
import { groupTools, linesOf, toolPath, type Tool } from './tool-groups';
import { conditionRemedy, conditionSentence, fieldLabel, standingWords } from './words';

const condition = (type: string, status: string, reason: string, message = ''): Condition => ({
  type,
  status,
  reason,
  message,
});

const manifest = (name: string, conditions: Condition[] = [], spec: Record<string, unknown> = {}): Manifest => ({
  apiVersion: 'troupe.dev/v1alpha1',
  kind: 'Model',
  metadata: { name, resourceVersion: 'v1' },
  spec,
  status: { conditions },
});

const ready = condition('Ready', 'True', 'Valid');

describe('the standing of a resource', () => {
  it('is what keeps it from serving, else what warns', () => {
    expect(standingOf(manifest('a', [ready]))).toBe('ready');
    expect(standingOf(manifest('a', [ready, condition('Reachable', 'False', 'ConnectionFailed')]))).toBe('warning');
    expect(standingOf(manifest('a', [condition('Ready', 'False', 'Invalid')]))).toBe('failed');
    expect(standingOf(manifest('a', [ready], { suspend: true }))).toBe('suspended');
    expect(standingOf(manifest('a'))).toBe('unknown');
  });

  it('is told as a sentence with a remedy, and the path of a field keeps its letters', () => {
    const lost = condition('Ready', 'False', 'ReferenceNotFound', 'spec.modelRef: there is no Model "x"');
    expect(conditionSentence(lost)).toBe(
      'Something that it refers to does not exist. spec.modelRef: there is no Model "x".',
    );
    expect(conditionRemedy(lost)).toMatch(/^Create what is named/);
    expect(standingWords(manifest('a', [lost]))).toMatchObject({ tone: 'danger', word: 'Not ready' });
  });
});

describe('what is edited', () => {
  it('is without what the service writes itself', () => {
    expect(editable(manifest('a', [ready]))).toEqual({
      apiVersion: 'troupe.dev/v1alpha1',
      kind: 'Model',
      metadata: { name: 'a' },
      spec: {},
    });
  });

  it('is copied without its id and its pinned revision', () => {
    const original = manifest('a', [], { model: 'm', publishedRevision: 'abc' });
    original.metadata.annotations = { 'troupe.dev/id': 'A:b', note: 'kept' };
    expect(copyOf(original, 'b')).toMatchObject({
      metadata: { name: 'b', annotations: { note: 'kept' } },
      spec: { model: 'm' },
    });
    expect(copyOf(original, 'b').spec).not.toHaveProperty('publishedRevision');
  });

  it('gets a name that is free and short enough', () => {
    expect(freeName('a', () => false)).toBe('a-copy');
    expect(freeName('a', (name) => name === 'a-copy')).toBe('a-copy-2');
    expect(freeName('x'.repeat(40), () => false)).toHaveLength(40);
  });

  it('belongs to whom its managers say', () => {
    const owned = { ...manifest('a'), status: { managedBy: 'argocd-controller' } };
    expect(managedBy(owned)).toBe('Argo CD');
    expect(managedBy({ ...owned, status: { managedBy: 'Helm release web' } })).toBe('Helm release web');
    const marked = manifest('a');
    marked.metadata.labels = { 'app.kubernetes.io/managed-by': 'Helm' };
    expect(managedBy(marked)).toBe('Helm');
    expect(managedBy(manifest('a'))).toBeNull();
  });
});

describe('a search', () => {
  it('wants every word, whatever the case, and the standing that is chosen', () => {
    const all = [
      manifest('alpha', [ready], { model: 'Big' }),
      manifest('beta', [condition('Ready', 'False', 'Invalid')]),
    ];
    expect(matching(all, 'ALPHA big', '').map(({ metadata }) => metadata.name)).toEqual(['alpha']);
    expect(matching(all, '', 'trouble').map(({ metadata }) => metadata.name)).toEqual(['beta']);
    expect(matching(all, '', '')).toBe(all);
  });
});

describe('a prompt', () => {
  const spec = {
    content: 'Be {{tone}}, {{ name }}: {{tone}}.',
    variables: [{ name: 'tone', default: 'kind', enum: ['kind', 'stern'] }],
  };

  it('has the variables that it declares, then those that its text has beside', () => {
    expect(variablesOf(spec).map(({ name, default: preset, choices }) => [name, preset, choices])).toEqual([
      ['tone', 'kind', ['kind', 'stern']],
      ['name', '', []],
    ]);
  });

  it('is filled once: what is filled in is not read again, and what is not stays', () => {
    const template = templateChoice(manifest('a', [], spec));
    expect(render(template, { tone: '{{name}}' })).toEqual({
      text: 'Be {{name}}, {{ name }}: {{name}}.',
      placeholders: ['tone', 'name'],
      missing: ['name'],
    });
  });
});

describe('tools', () => {
  const tool = (tool_id: string, more: Partial<Tool> = {}): Tool => ({
    tool_id,
    tool_type: 'function',
    name: tool_id,
    description: '',
    parameters: {},
    ...more,
  });
  const server = { ...manifest('clock', [ready]), kind: 'McpServer' };
  const own = { ...manifest('mine', [ready]), kind: 'Tool' };
  const broken = { ...manifest('broken', [condition('Ready', 'False', 'Invalid')]), kind: 'Tool' };
  const tools = [
    tool('bash', { builtin: true }),
    tool('mine'),
    tool('mcp-clock-now', { name: 'now', mcp_server_name: 'clock' }),
  ];
  const groups = groupTools(tools, [own, broken], [server]);

  it('stand with whom they come from, and what is not served is seen as well', () => {
    expect(groups.map(({ key, tools: rows }) => [key, rows.map(({ tool: { name } }) => name)])).toEqual([
      ['own', ['mine', 'broken']],
      ['server/clock', ['now']],
      ['builtin', ['bash']],
    ]);
  });

  it('are found in folded groups, too', () => {
    const folded = new Set(['server/clock']);
    expect(linesOf(groups, '', folded).map(({ key }) => key)).not.toContain('server/clock/mcp-clock-now');
    expect(linesOf(groups, 'now', folded).map(({ key }) => key)).toEqual([
      'server/clock',
      'server/clock/mcp-clock-now',
    ]);
    expect(linesOf(groups, 'clock', folded)).toHaveLength(2);
  });

  it('have pages by what they are', () => {
    const [first, second] = groups.map(({ tools: rows }) => rows[0]);
    expect([first && toolPath(first), second && toolPath(second)]).toEqual([
      '/tools/Tool/mine',
      '/tools/call/mcp-clock-now',
    ]);
  });
});

describe('deleting several', () => {
  it('goes on with the others where one cannot go', async () => {
    const outcome = await deleteAll(['a', 'b', 'c', 'd'], async (name) => {
      if (name === 'b') throw new TypeError('gone');
    });
    expect(outcome.deleted.sort()).toEqual(['a', 'c', 'd']);
    expect(outcome.failures.map(({ name }) => name)).toEqual(['b']);
  });
});

describe('the name of a field', () => {
  it('is words', () => {
    expect(fieldLabel('maxAttempts')).toBe('Max attempts');
    expect(fieldLabel('oauthClientCredentials')).toBe('OAuth client credentials');
    expect(fieldLabel('serverURLTemplate')).toBe('Server URL template');
    expect(fieldLabel('from_unit')).toBe('From unit');
  });
});
