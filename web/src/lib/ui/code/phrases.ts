// What the editor itself says, in the language of the page.
import { t } from '$lib/i18n/i18n.svelte';

/** Its own words, by which it looks them up, and what is said for them; it puts numbers where the `$` is. */
export function phrases(): Record<string, string> {
  return {
    Find: t('ui.code.find'),
    Replace: t('ui.code.replace-with'),
    next: t('ui.code.next'),
    previous: t('ui.code.previous'),
    all: t('ui.code.all'),
    'match case': t('ui.code.match-case'),
    regexp: t('ui.code.regexp'),
    'by word': t('ui.code.by-word'),
    replace: t('ui.code.replace'),
    'replace all': t('ui.code.replace-all'),
    close: t('ui.code.close'),
    'current match': t('ui.code.current-match'),
    'on line': t('ui.code.on-line'),
    'replaced match on line $': t('ui.code.replaced-one'),
    'replaced $ matches': t('ui.code.replaced'),
    'Go to line': t('ui.code.go-to-line'),
    go: t('ui.code.go'),
    'folded code': t('ui.code.folded'),
    'Fold line': t('ui.code.fold'),
    'Unfold line': t('ui.code.unfold-line'),
    unfold: t('ui.code.unfold'),
    'Folded lines': t('ui.code.folded-lines'),
    'Unfolded lines': t('ui.code.unfolded-lines'),
    to: t('ui.code.to'),
    Diagnostics: t('ui.code.diagnostics'),
    'No diagnostics': t('ui.code.no-diagnostics'),
    Completions: t('ui.code.completions'),
    'Control character': t('ui.code.control-character'),
    'Selection deleted': t('ui.code.selection-deleted'),
  };
}
