// Conditions and findings in words: a sentence, and what to do about it.
import { descriptions } from '$lib/i18n/descriptions.svelte';
import { t, tOr } from '$lib/i18n/i18n.svelte';
import type { Fault } from '$lib/schema/validate';
import { locate, type Read } from '$lib/schema/yaml';
import type { DraftFinding } from '$lib/state/draft.svelte';
import type { Tone } from '$lib/ui/tone';

import { firstTrouble, standingOf, type Condition, type Manifest, type Standing } from './manifest';

const TONES: Readonly<Record<Standing, Tone>> = {
  ready: 'success',
  warning: 'warning',
  suspended: 'neutral',
  failed: 'danger',
  unknown: 'neutral',
};

/** How a resource stands, for a list: a tone, a word and a sentence. */
export function standingWords(manifest: Manifest): { standing: Standing; tone: Tone; word: string; sentence: string } {
  const standing = standingOf(manifest);
  const trouble = firstTrouble(manifest);
  const sentence = trouble ? conditionSentence(trouble) : t(`resources.standing.${standing}.text`);
  return { standing, tone: TONES[standing], word: t(`resources.standing.${standing}`), sentence };
}

/** What a condition says: the service's own words where they are a sentence, and before a field's path what it means. */
export function conditionSentence(condition: Condition): string {
  const { message } = condition;
  if (!message) return reasonWords(condition);
  return /^(spec|metadata)\b/.test(message) ? `${reasonWords(condition)} ${ended(message)}` : sentence(message);
}

/** What a condition's reason means, without what the service added. */
export function reasonWords({ type, status, reason }: Condition): string {
  return status === 'True' ? tOr(`resources.condition.${type}.true`, type) : tOr(`resources.reason.${reason}`, reason);
}

/** What to do about a condition; empty where nothing is to be done. */
export function conditionRemedy({ status, reason }: Condition): string {
  return status === 'True' ? '' : tOr(`resources.remedy.${reason}`, '');
}

export function conditionTone({ type, status }: Condition): Tone {
  if (status === 'True') return 'success';
  if (status === 'Unknown') return 'neutral';
  return type === 'Ready' || type === 'Resolved' ? 'danger' : 'warning';
}

/** What is wrong with a field, as a sentence. */
export function findingWords(finding: DraftFinding): string {
  return sentence(finding.fault ? faultWords(finding.fault) : descriptions.of(finding.message ?? ''));
}

function sentence(words: string): string {
  // A name of a field or of an object keeps its letters.
  return ended(/^[a-z]+[A-Z.]/.test(words) ? words : words.charAt(0).toUpperCase() + words.slice(1));
}

function ended(words: string): string {
  if (/[.!?。！？]$/.test(words)) return words;
  // A Chinese sentence may end with a name or an address.
  return /[：，；、]|[\u4e00-\u9fff）”]$/.test(words) ? `${words}。` : `${words}.`;
}

export function faultWords(fault: Fault): string {
  switch (fault.code) {
    case 'rule':
      return descriptions.of(fault.message);
    case 'type':
      return t('resources.invalid.type', { expected: t(`resources.type.${fault.expected}`) });
    case 'required':
      return t('resources.invalid.required');
    case 'unknown':
      return t('resources.invalid.unknown', { name: fault.name });
    case 'choice':
      return t('resources.invalid.choice', { choices: fault.choices });
    case 'pattern':
      return t('resources.invalid.pattern', { pattern: fault.pattern });
    case 'duration':
    case 'decimal':
      return t(`resources.invalid.${fault.code}`);
    case 'least':
    case 'shortest':
    case 'fewest':
      return t(`resources.invalid.${fault.code}`, { least: fault.least });
    case 'most':
    case 'longest':
    case 'many':
      return t(`resources.invalid.${fault.code}`, { most: fault.most });
  }
}

/** The place of a finding in the text, from 1, as editors count. */
export function placeOf(finding: DraftFinding, known: Read): { line: number; column: number } {
  if (finding.line !== undefined && finding.path.length === 0)
    return { line: finding.line, column: finding.column ?? 1 };
  const { from } = locate(known, finding.path);
  const before = known.text.slice(0, from).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** A field's name as words: `firstTokenTimeout` is “First token timeout”. */
export function fieldLabel(name: string): string {
  return tOr(`resources.field.${name}`, humanised(name));
}

function humanised(name: string): string {
  const words = name
    .replace(/[_-]+/g, ' ')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .trim();
  const lower = words
    .split(' ')
    .map((word, index) => (/^[A-Z\d]{2,}$/.test(word) ? word : index === 0 ? capital(word) : word.toLowerCase()));
  return lower.join(' ').replace(/ ref$/, '');
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
