// CodeMirror with our looks: the one place that imports it.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { markdown } from '@codemirror/lang-markdown';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension, type Text } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';

import { phrases } from './phrases';
import { variables } from './prompt';
import { highlighting, looks } from './theme';

export type EditorLanguage = 'yaml' | 'json' | 'prompt' | 'text';

export interface EditorFinding {
  message: string;
  severity?: string;
  /** From 1; the first line where it is not known. */
  line?: number | null;
  column?: number | null;
}

export interface EditorHandle {
  view: EditorView;
  setText(text: string): void;
  setReadonly(readonly: boolean): void;
  setFindings(findings: EditorFinding[]): void;
  reveal(line: number, column: number): void;
  destroy(): void;
}

interface Options {
  text: string;
  label: string;
  language: EditorLanguage;
  readonly: boolean;
  extensions: Extension[];
  changed: (text: string) => void;
  save: () => void;
}

const languages: Record<EditorLanguage, () => Extension> = {
  yaml: () => [yaml(), lineNumbers(), foldGutter(), lintGutter()],
  json: () => [json(), lineNumbers(), foldGutter(), lintGutter()],
  prompt: () => [markdown(), variables],
  text: () => [],
};

export function createEditor(parent: HTMLElement, options: Options): EditorHandle {
  const readonly = new Compartment();
  const readonlyOf = (on: boolean) => [EditorState.readOnly.of(on), EditorView.editable.of(!on)];
  let quiet = false;
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        closeBrackets(),
        autocompletion(),
        highlightActiveLine(),
        highlightSelectionMatches(),
        syntaxHighlighting(highlighting),
        looks,
        EditorState.phrases.of(phrases()),
        EditorView.lineWrapping,
        // What scrolls must be reached by keys, which a `contenteditable` is, though not every tool knows it.
        EditorView.contentAttributes.of({ 'aria-label': options.label, tabindex: '0' }),
        keymap.of([
          { key: 'Mod-s', preventDefault: true, run: () => (options.save(), true) },
          ...closeBracketsKeymap,
          ...defaultKeymap,
          ...searchKeymap,
          ...historyKeymap,
          ...foldKeymap,
          ...completionKeymap,
          indentWithTab,
        ]),
        languages[options.language](),
        readonly.of(readonlyOf(options.readonly)),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !quiet) options.changed(update.state.doc.toString());
        }),
        options.extensions,
      ],
    }),
  });
  return {
    view,
    setText(text) {
      if (text === view.state.doc.toString()) return;
      quiet = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      quiet = false;
    },
    setReadonly: (on) => view.dispatch({ effects: readonly.reconfigure(readonlyOf(on)) }),
    setFindings: (findings) => view.dispatch(setDiagnostics(view.state, findings.map((finding) => diagnostic(view.state.doc, finding)))),
    reveal(line, column) {
      const at = position(view.state.doc, line, column);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'center' }) });
      view.focus();
    },
    destroy: () => view.destroy(),
  };
}

function position(text: Text, line: number, column: number): number {
  const found = text.line(Math.min(Math.max(1, line), text.lines));
  return Math.min(found.to, found.from + Math.max(0, column - 1));
}

function diagnostic(text: Text, finding: EditorFinding): Diagnostic {
  const from = position(text, finding.line ?? 1, finding.column ?? 1);
  return { from, to: text.lineAt(from).to, message: finding.message, severity: finding.severity === 'warning' ? 'warning' : 'error' };
}
