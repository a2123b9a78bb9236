import { beforeAll, describe, expect, it } from 'vitest';

import { highlighterOf, type Line } from './highlight';
import { loadGrammar } from './grammars';
import { grammarOf } from './languages';

const CODE = 'const name = `a ${1 +\n  2} b`; // note\nfunction f() {\n  return /* over\n  lines */ null;\n}';

describe('code', () => {
  // Shiki and its grammars are large: on a busy machine the first one takes its time.
  beforeAll(async () => (await highlighterOf('typescript')).next(CODE.split('\n')), 120_000);

  it('is coloured by what its pieces are', async () => {
    const lines = (await highlighterOf('typescript')).next(['const a = "b"; // c']);
    const kinds = Object.fromEntries((lines[0] ?? []).map(({ text, kind }) => [text.trim(), kind]));
    expect(kinds).toMatchObject({ const: 'keyword', '// c': 'comment' });
    expect(JSON.stringify(lines)).toContain('string');
  });

  it('is coloured the same whether it comes whole or line by line', async () => {
    const text = CODE.split('\n');
    const whole = (await highlighterOf('typescript')).next(text);
    const growing = await highlighterOf('typescript');
    const lines: Line[] = text.flatMap((line) => growing.next([line]));
    expect(lines).toEqual(whole);
    expect(lines.map((line) => line.map((piece) => piece.text).join(''))).toEqual(text);
  });

  it('has a grammar for each name that it knows', async () => {
    for (const name of ['js', 'ts', 'py', 'rs', 'sh', 'yml', 'go', 'json', 'dockerfile', 'tf', 'proto', 'md']) {
      const grammar = grammarOf(name);
      expect(grammar, name).toBeDefined();
      if (grammar) expect(await loadGrammar(grammar), name).toBeDefined();
    }
  });

  it('has none for a name that is not one', () => {
    for (const name of ['', 'nonsense', 'constructor', '__proto__', 'toString'])
      expect(grammarOf(name)).toBeUndefined();
  });
});
