/**
 * The text of a block of code in the page: coloured lines first, then what is not coloured yet as one piece of text. A
 * text that grows only grows here, too.
 */
import { Colours } from './colours';
import type { Line } from './highlight';
import { grammarOf } from './languages';

/** Lines that are coloured at once: more would take a frame's time to put into the page. */
const BATCH = 60;
/** Nobody reads more colours than that, and each line costs the page elements. */
const MOST_LINES = 3_000;
const MOST_CHARACTERS = 300_000;

export class Painter {
  readonly #element: HTMLElement;
  readonly #rest = document.createTextNode('');
  #text = '';
  #language = '';
  #open = false;
  /** What of the text is coloured. */
  #painted = { lines: 0, characters: 0 };
  /** How many lines are to be coloured; none before the code is seen. */
  #wanted = 0;
  #colours: Colours | undefined;
  #isAsking = false;

  constructor(element: HTMLElement) {
    this.#element = element;
    element.replaceChildren(this.#rest);
  }

  /** Shows a text; while `open`, its last line is not whole. */
  show(text: string, language: string, open: boolean): void {
    const painted = this.#text.slice(0, this.#painted.characters);
    if (language !== this.#language || !text.startsWith(painted)) this.#reset();
    this.#language = language;
    this.#open = open;
    this.#text = text;
    const rest = text.slice(this.#painted.characters);
    if (rest.startsWith(this.#rest.data)) this.#rest.appendData(rest.slice(this.#rest.data.length));
    else this.#rest.data = rest;
    void this.#paint();
  }

  /** Colours the first lines, as many as may be seen. */
  colour(lines = MOST_LINES): void {
    this.#wanted = Math.min(lines, MOST_LINES);
    void this.#paint();
  }

  stop(): void {
    this.#wanted = 0;
    this.#colours?.end();
    this.#colours = undefined;
  }

  #reset(): void {
    this.#colours?.end();
    this.#colours = undefined;
    this.#painted = { lines: 0, characters: 0 };
    this.#rest.data = '';
    this.#element.replaceChildren(this.#rest);
  }

  async #paint(): Promise<void> {
    if (this.#isAsking) return;
    const lines = this.#next();
    const colours = lines.length > 0 ? this.#coloursOfText() : undefined;
    if (!colours) return;
    this.#isAsking = true;
    const coloured = await colours.next(lines);
    this.#isAsking = false;
    // Meanwhile the text may have become another one.
    if (colours !== this.#colours) {
      if (this.#wanted > 0) void this.#paint();
      return;
    }
    if (!coloured) {
      this.#wanted = 0;
      return;
    }
    this.#insert(coloured, lines);
    void this.#paint();
  }

  /** The whole lines that are to be coloured next. */
  #next(): string[] {
    const most = Math.min(BATCH, this.#wanted - this.#painted.lines);
    if (most <= 0 || this.#rest.data === '' || this.#text.length > MOST_CHARACTERS) return [];
    const lines = this.#rest.data.split('\n', most + 1);
    return lines.length > most || this.#open ? lines.slice(0, -1) : lines;
  }

  #coloursOfText(): Colours | undefined {
    const grammar = grammarOf(this.#language);
    if (grammar !== undefined) this.#colours ??= new Colours(grammar);
    return this.#colours;
  }

  #insert(coloured: readonly Line[], lines: readonly string[]): void {
    const length = lines.reduce((sum, line) => sum + line.length + 1, 0);
    const taken = Math.min(length, this.#rest.data.length);
    const fragment = document.createDocumentFragment();
    coloured.forEach((line, index) => {
      for (const { text, kind } of line) fragment.append(kind === undefined ? text : piece(text, kind));
      if (index < coloured.length - 1 || taken === length) fragment.append('\n');
    });
    this.#element.insertBefore(fragment, this.#rest);
    this.#rest.deleteData(0, taken);
    this.#painted = { lines: this.#painted.lines + lines.length, characters: this.#painted.characters + taken };
  }
}

function piece(text: string, kind: string): HTMLElement {
  const span = document.createElement('span');
  span.className = `code-${kind}`;
  span.textContent = text;
  return span;
}
