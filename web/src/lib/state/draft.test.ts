// A draft: text and form in step, what others write, what the service refuses.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Manifest } from '$lib/resources/manifest';
import { put } from '$lib/schema/edit';
import { loadKind } from '$lib/schema/kind';

import { Draft } from './draft.svelte';

const ONE: Manifest = {
  apiVersion: 'troupe.dev/v1alpha1',
  kind: 'Agent',
  metadata: { name: 'one', resourceVersion: 'v1' },
  spec: { displayName: 'One', group: 'a' },
};

const changed = (version: string, spec: Record<string, unknown>): Manifest => ({
  ...ONE,
  metadata: { ...ONE.metadata, resourceVersion: version },
  spec: { ...ONE.spec, ...spec },
});

type Answer = { status: number; body: unknown };
let answers: (request: Request) => Answer;
let asked: Request[];

beforeEach(() => {
  asked = [];
  answers = () => ({ status: 200, body: { ...ONE, status: { findings: [] } } });
  vi.useFakeTimers();
  vi.stubGlobal('fetch', async (request: Request) => {
    asked.push(request);
    const { status, body } = answers(request);
    return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const open = async () => new Draft('agents', await loadKind('agents'), ONE, true);

describe('a draft', () => {
  it('is the resource without what the service writes, and not dirty', async () => {
    const draft = await open();
    expect(draft.text).toBe(
      'apiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata:\n  name: one\nspec:\n  displayName: One\n  group: a\n',
    );
    expect(draft.dirty).toBe(false);
  });

  it('has in its text what the form changes, and in its form what the text says', async () => {
    const draft = await open();
    draft.set(['spec', 'displayName'], 'Uno');
    expect(draft.text).toContain('displayName: Uno');
    draft.setText(draft.text.replace('Uno', 'Un'));
    expect(draft.value).toMatchObject({ spec: { displayName: 'Un' } });
    expect(draft.dirty).toBe(true);
    draft.setText(draft.text.replace('Un', 'One'));
    expect(draft.dirty).toBe(false);
  });

  it('keeps the form while its text cannot be read', async () => {
    const draft = await open();
    draft.setText('spec: [');
    expect(draft.broken).toBe(true);
    expect(draft.findings[0]).toMatchObject({ severity: 'error', line: 1 });
    expect(draft.value).toMatchObject({ spec: { displayName: 'One' } });
  });

  it('is checked by the service a moment after the last change, and only then', async () => {
    answers = () => ({
      status: 400,
      body: { findings: [{ path: 'spec.group', message: 'is taken', severity: 'error' }] },
    });
    const draft = await open();
    draft.set(['spec', 'group'], 'b');
    draft.set(['spec', 'group'], 'bc');
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(400);
    expect(asked.map(({ url, method }) => [method, new URL(url).search])).toEqual([['PUT', '?dry_run=true']]);
    expect(draft.at(['spec', 'group'])).toMatchObject([{ message: 'is taken' }]);
  });

  it('says what it knows itself at once, and leaves the service’s words on the same field away', async () => {
    const draft = await open();
    draft.set(['spec', 'limits'], { maxToolRounds: -1 });
    expect(draft.findings).toMatchObject([{ path: ['spec', 'limits', 'maxToolRounds'], fault: { code: 'least' } }]);
  });
});

describe('what somebody else writes', () => {
  it('is taken over where nothing was changed here', async () => {
    const draft = await open();
    draft.refresh(changed('v2', { group: 'theirs' }));
    expect(draft.text).toContain('group: theirs');
    expect(draft.dirty).toBe(false);
  });

  it('is a conflict where something was, and both are kept on request', async () => {
    const draft = await open();
    draft.set(['spec', 'displayName'], 'Mine');
    draft.refresh(changed('v2', { group: 'theirs' }));
    expect(draft.conflict?.merged.conflicts).toEqual([]);
    draft.takeBoth();
    expect(draft.value).toMatchObject({ spec: { displayName: 'Mine', group: 'theirs' } });
    expect(draft.conflict).toBeNull();
    expect(draft.dirty).toBe(true);
  });

  it('is no news where only its conditions changed', async () => {
    const draft = await open();
    draft.set(['spec', 'displayName'], 'Mine');
    draft.refresh({ ...ONE, status: { conditions: [] } });
    expect(draft.conflict).toBeNull();
    expect(draft.base?.status).toEqual({ conditions: [] });
  });
});

describe('saving', () => {
  it('names the version that was seen', async () => {
    const draft = await open();
    draft.set(['spec', 'group'], 'b');
    answers = () => ({ status: 200, body: changed('v2', { group: 'b' }) });
    expect(await draft.save()).toMatchObject({ metadata: { resourceVersion: 'v2' } });
    expect(asked[0]?.headers.get('if-match')).toBe('"v1"');
    expect(draft.dirty).toBe(false);
  });

  it('over a newer version is a conflict, and nothing is lost', async () => {
    const draft = await open();
    draft.set(['spec', 'group'], 'mine');
    answers = (request) =>
      request.method === 'PUT'
        ? { status: 412, body: { detail: 'it has another version by now' } }
        : { status: 200, body: changed('v9', { group: 'theirs' }) };
    expect(await draft.save()).toBeNull();
    expect(draft.conflict?.merged.conflicts).toEqual(['spec.group']);
    expect(draft.text).toContain('group: mine');
    draft.keepOurs();
    answers = () => ({ status: 200, body: changed('v10', { group: 'mine' }) });
    await draft.save();
    expect(asked.at(-1)?.headers.get('if-match')).toBe('"v9"');
  });

  it('that is refused says why at the field', async () => {
    const draft = await open();
    draft.set(['spec', 'group'], 'b');
    answers = () => ({
      status: 400,
      body: { detail: 'Invalid value for field spec.group: is taken', field: 'spec.group' },
    });
    expect(await draft.save()).toBeNull();
    expect(draft.at(['spec', 'group'])).toMatchObject([{ message: 'is taken.' }]);
  });
});

describe('a new one', () => {
  it('takes its name from its text', async () => {
    const draft = new Draft('agents', await loadKind('agents'), put(ONE, ['metadata'], { name: '' }), false);
    expect(draft.name).toBe('');
    draft.set(['metadata', 'name'], 'two');
    expect(draft.name).toBe('two');
    expect(draft.base).toBeNull();
  });
});
