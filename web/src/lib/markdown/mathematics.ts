/**
 * Draws mathematics with KaTeX, which comes when the first formula is seen. Formulas are hostile text like the rest:
 * nothing that loads, links or names is understood, and macros, sizes and lengths are bounded.
 */
import type { KatexOptions } from 'katex';

type Katex = typeof import('katex').default;

/** Longer ones are shown as they were written. */
const LONGEST = 20_000;
/** Formulas that are seen again and again, while a text is written or a conversation is scrolled. */
const KEPT = 300;

let katex: Katex | undefined;
let coming: Promise<void> | undefined;
const drawn = new Map<string, DocumentFragment>();

/** Sees to it that [`drawMathematics`] can draw. */
export function loadMathematics(): Promise<void> {
  coming ??= Promise.all([import('katex'), import('katex/dist/katex.min.css')]).then(([module]) => {
    katex = module.default;
  });
  return coming;
}

/** The formula as elements, or `undefined` where it is not one or KaTeX is not there yet. */
export function drawMathematics(tex: string, display: boolean): DocumentFragment | undefined {
  if (!katex || tex.length > LONGEST) return undefined;
  const name = `${display}${tex}`;
  const known = drawn.get(name);
  const fragment = known ?? draw(katex, tex, display);
  if (!fragment) return undefined;
  drawn.delete(name);
  drawn.set(name, fragment);
  const oldest = drawn.keys().next();
  if (drawn.size > KEPT && !oldest.done) drawn.delete(oldest.value);
  return fragment.cloneNode(true) as DocumentFragment;
}

/** Whether KaTeX is there. */
export function canDrawMathematics(): boolean {
  return katex !== undefined;
}

function draw(engine: Katex, tex: string, display: boolean): DocumentFragment | undefined {
  const holder = document.createElement('span');
  const options: KatexOptions = {
    displayMode: display,
    throwOnError: true,
    trust: false,
    strict: 'ignore',
    output: 'htmlAndMathml',
    maxSize: 20,
    maxExpand: 500,
    // Its own for each formula: one must not redefine the words of the next.
    macros: {},
  };
  try {
    engine.render(tex, holder, options);
  } catch {
    return undefined;
  }
  const fragment = document.createDocumentFragment();
  fragment.append(...holder.childNodes);
  return fragment;
}
