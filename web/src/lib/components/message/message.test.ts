import { describe, expect, it } from 'vitest';

import { shownAs } from './files';
import { argumentsOf, structureOf, summaryOf } from '$lib/runs/input';
import { piecesOf } from './said';
import { recording } from './sound';

describe('the arguments of a call', () => {
  it.each([
    ['{"command":"ls -la\\n  /tmp"}', 'ls -la /tmp'],
    ['{"query":"a","limit":5,"none":null}', 'query: a, limit: 5'],
    ['{"replicas":3}', 'replicas: 3'],
    ['{}', ''],
    ['not JSON', 'not JSON'],
  ])('are told in a line: %s', (input, line) => expect(summaryOf(input)).toBe(line));

  it('are a structure when they are an object or a list', () => {
    expect(structureOf('[1]')).toEqual([1]);
    for (const text of ['1', '"a"', 'null', '{"a":', `{"a":"${'x'.repeat(500_000)}"}`])
      expect(structureOf(text)).toBeUndefined();
  });

  it('are taken from a person when they are an object', () => {
    expect(argumentsOf('{"a":1}')).toEqual({ given: { a: 1 } });
    for (const text of ['[1]', '1', '{"a":}', '']) expect(argumentsOf(text)).toHaveProperty('flaw');
  });
});

describe('what a person said', () => {
  it('names files, and holds those that are stored', () => {
    expect(piecesOf('Look at <file>a/b.csv</file>, please.\n```csv\n1,2\n```\nThanks')).toEqual([
      { kind: 'words', text: 'Look at ' },
      { kind: 'file', path: 'a/b.csv' },
      { kind: 'words', text: ', please.' },
      { kind: 'code', code: '1,2', language: 'csv' },
      { kind: 'words', text: 'Thanks' },
    ]);
  });

  it('stays as it was written', () => {
    expect(piecesOf('**no** Markdown\n\n<b>here</b>')).toEqual([
      { kind: 'words', text: '**no** Markdown\n\n<b>here</b>' },
    ]);
  });
});

describe('a recording', () => {
  it.each([
    ['UklGRgAA', 'audio/wav'],
    ['GkXfowAA', 'audio/webm'],
    ['T2dnUwAA', 'audio/ogg'],
    ['data:audio/mp4;base64,AAAA', 'audio/mp4'],
  ])('is what its first letters say: %s', (text, type) => expect(recording(text)?.type).toBe(type));

  it('is none where it is none', () => {
    expect(recording('data:text/html;base64,AAAA')).toBeUndefined();
    expect(recording('no base64!')).toBeUndefined();
  });
});

describe('a file', () => {
  it.each([
    ['plot.PNG', 'image'],
    ['a.tar.gz', 'none'],
    ['notes.md', 'text'],
    ['film.webm', 'video'],
    ['.env', 'none'],
    ['README', 'none'],
  ])('is shown by its name: %s', (name, kind) => expect(shownAs(name)).toBe(kind));
});
