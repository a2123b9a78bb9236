// Two texts as one, with what went and what came marked.
import { yaml } from '@codemirror/lang-yaml';
import { syntaxHighlighting } from '@codemirror/language';
import { unifiedMergeView } from '@codemirror/merge';
import { EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';

import { t } from '$lib/i18n/i18n.svelte';
import { highlighting, looks } from '$lib/ui/code/theme';

export interface Difference {
  show(before: string, after: string): void;
  destroy(): void;
}

export function showDifference(parent: HTMLElement, label: string): Difference {
  const view = new EditorView({ parent });
  return {
    show(before, after) {
      view.setState(
        EditorState.create({
          doc: after,
          extensions: [
            yaml(),
            lineNumbers(),
            syntaxHighlighting(highlighting),
            looks,
            EditorView.lineWrapping,
            // The editor puts the number where the sign is.
            EditorState.phrases.of({ '$ unchanged lines': t('resources.revision.unchanged', { count: '$' }) }),
            EditorState.readOnly.of(true),
            EditorView.editable.of(false),
            EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
            unifiedMergeView({
              original: before,
              mergeControls: false,
              gutter: true,
              collapseUnchanged: { margin: 3 },
            }),
          ],
        }),
      );
    },
    destroy: () => view.destroy(),
  };
}
