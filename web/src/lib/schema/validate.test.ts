// What is wrong is told at its place, with the rules' own words.
import { describe, expect, it } from 'vitest';

import { check } from './cel';
import { loadKind } from './kind';
import { formatPath } from './path';
import { checkManifest, checkValue, type Finding } from './validate';

const told = (findings: Finding[]) =>
  findings.map(({ path, fault }) => `${formatPath(path)}: ${fault.code === 'rule' ? fault.message : fault.code}`);

async function faults(plural: Parameters<typeof loadKind>[0], spec: unknown, name = 'one') {
  return told(checkManifest(await loadKind(plural), { metadata: { name }, spec }));
}

describe('a manifest', () => {
  it('in order has no findings', async () => {
    const spec = { protocol: 'OpenAI', baseUrl: 'http://127.0.0.1:1/v1', model: 'm', parameters: { any: [{}] } };
    expect(await faults('models', spec)).toEqual([]);
  });

  it('names each missing, unknown and wrong field', async () => {
    const spec = { protocol: 'Open', baseURL: 'x', model: '', timeout: '5 min', retry: { maxAttempts: 0 } };
    expect(await faults('models', spec)).toEqual([
      'spec.baseUrl: required',
      'spec.protocol: choice',
      'spec.baseURL: unknown',
      'spec.model: shortest',
      'spec.timeout: duration',
      'spec.retry.maxAttempts: least',
    ]);
  });

  it('without a name asks for one', async () => {
    const spec = { content: 'x' };
    expect(await faults('prompttemplates', spec, '')).toEqual(['metadata.name: required']);
  });

  it('is told the rule that it breaks in the words of the rule', async () => {
    expect(await faults('agents', { tools: [{ builtin: 'Bash', tool: { name: 'x' } }] })).toEqual([
      'spec.tools[0]: set exactly one of tool, mcpServer, builtin and agent: make two entries of it',
    ]);
    const [long] = await faults('prompttemplates', { content: 'x' }, 'a'.repeat(41));
    expect(long).toMatch(/^metadata.name: metadata.name has at most 40 characters/);
  });

  it('is read after defaults are filled in', async () => {
    const members = [{ name: 'a', agentRef: { name: 'a' } }];
    const [first] = await faults('teams', { strategy: 'Supervisor', members });
    expect(first).toMatch(/^spec: strategy Supervisor needs supervisor/);
    expect(await faults('teams', { strategy: 'Supervisor', supervisor: 'a', members })).toEqual([]);
    const twice = [...members, ...members];
    expect((await faults('teams', { strategy: 'Parallel', members: twice }))[0]).toMatch(/must be unique/);
  });
});

describe('a pattern that the browser cannot read', () => {
  it('is left to the service', () => {
    expect(checkValue({ type: 'string', pattern: '(?i)x(' }, 'y', ['a'])).toEqual([]);
  });
});

describe('a rule', () => {
  it('that asks for what is not there is left to the service', () => {
    expect(check('self.min <= self.max', { min: 1 })).toBeUndefined();
    expect(check('self.min <= self.max', { min: 2, max: 1 })).toBe(false);
    expect(check('self.unheard()', {})).toBeUndefined();
  });

  it('stops where the answer is clear', () => {
    expect(check("!has(self.network) || self.type == 'Bash'", {})).toBe(true);
    expect(check("!has(self.network) || self.type == 'Bash'", { network: 'Allowed', type: 'Fetch' })).toBe(false);
    expect(check('self.replicas <= 1 || (has(self.storage) && has(self.storage.postgres))', { replicas: 2 })).toBe(
      false,
    );
  });
});
