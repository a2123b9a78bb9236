/** The document of the rich input: text, line breaks and chips, and nothing else, whatever was pasted. */
import { fileName, segmentsOf } from './chips';

const CHIP = 'file-chip';

/** What a field holds, as the message's text. */
export function read(field: HTMLElement): string {
  let text = '';
  for (const node of field.childNodes) {
    if (node instanceof Text) text += node.data;
    else if (!(node instanceof HTMLElement)) continue;
    else if (node.dataset.file !== undefined) text += `<file>${node.dataset.file}</file>`;
    else if (node.tagName === 'BR') text += '\n';
    // Some browsers put lines into blocks.
    else text += (text && !text.endsWith('\n') && node.tagName === 'DIV' ? '\n' : '') + read(node);
  }
  // Non-breaking spaces are the browser's way to keep several of them.
  return text.replaceAll('\u00a0', ' ');
}

/** Puts a text into a field. */
export function write(field: HTMLElement, text: string): void {
  const nodes = segmentsOf(text).map((segment) => ('file' in segment ? chipOf(segment.file) : segment.text));
  field.replaceChildren(...nodes);
}

/** Puts a file's chip where the caret is, or at the end, with a space behind it to go on from. */
export function insertFile(field: HTMLElement, path: string): void {
  const range = caretIn(field);
  range.deleteContents();
  const space = new Text(' ');
  range.insertNode(space);
  range.insertNode(chipOf(path));
  placeCaret(space, 1);
}

/** Puts text where the caret is. */
export function insertText(field: HTMLElement, text: string): void {
  const range = caretIn(field);
  range.deleteContents();
  const node = new Text(text);
  range.insertNode(node);
  placeCaret(node, node.length);
}

/** Puts the caret behind everything. */
export function caretToEnd(field: HTMLElement): void {
  const range = document.createRange();
  range.selectNodeContents(field);
  range.collapse(false);
  select(range);
}

function caretIn(field: HTMLElement): Range {
  const selection = getSelection();
  const range = selection && selection.rangeCount > 0 ? selection.getRangeAt(0) : null;
  if (range && field.contains(range.commonAncestorContainer)) return range;
  const end = document.createRange();
  end.selectNodeContents(field);
  end.collapse(false);
  return end;
}

function placeCaret(node: Text, at: number): void {
  const range = document.createRange();
  range.setStart(node, at);
  range.collapse(true);
  select(range);
}

function select(range: Range): void {
  const selection = getSelection();
  selection?.removeAllRanges();
  selection?.addRange(range);
}

function chipOf(path: string): HTMLElement {
  const chip = document.createElement('span');
  chip.className = CHIP;
  chip.contentEditable = 'false';
  chip.dataset.file = path;
  chip.title = path;
  chip.textContent = fileName(path);
  return chip;
}
