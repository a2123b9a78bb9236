// What the fields of a form work on: a value, a way to change it, and what is wrong with it.
import { createContext } from 'svelte';

import { findingWords } from '$lib/resources/words';
import { at, put } from '$lib/schema/edit';
import { pruned } from '$lib/schema/form';
import type { Schema } from '$lib/schema/kind';
import { formatPath, startsWith, type Path } from '$lib/schema/path';
import { checkValue } from '$lib/schema/validate';

import type { Draft } from './draft.svelte';

export interface FormModel {
  readonly value: unknown;
  readonly readonly: boolean;
  /** `undefined` takes the field out. */
  set(path: Path, next: unknown): void;
  /** What is wrong with a field, as sentences; null where nothing is. */
  problem(path: Path): string | null;
  /** Whether something is wrong with a field or in it. */
  wrongIn(path: Path): boolean;
}

export const [getForm, setForm] = createContext<FormModel>();

/** The form of a draft. What nobody has filled in yet of a new one is not called wrong beside the field. */
export function draftForm(draft: Draft, readonly: () => boolean): FormModel {
  const isUnfilled = (path: Path) => draft.base === null && (at(draft.value, path) ?? '') === '';
  return {
    get value() {
      return draft.value;
    },
    get readonly() {
      // What the form shows is not what the text says while the text cannot be read.
      return readonly() || draft.broken;
    },
    set: (path, next) => draft.set(path, next),
    problem: (path) => (!isUnfilled(path) && draft.at(path).map(findingWords).join(' ')) || null,
    wrongIn: (path) => draft.wrongIn(path),
  };
}

/** The form of a value that is no resource: a tool's arguments, a template's variables. */
export class ValueForm implements FormModel {
  value = $state.raw<unknown>({});
  /** Nothing is called wrong before somebody wanted to send it. */
  strict = $state(false);
  readonly = false;
  readonly schema: Schema;
  readonly findings = $derived.by(() => checkValue(this.schema, this.value, []));

  constructor(schema: Schema) {
    this.schema = schema;
  }

  set(path: Path, next: unknown): void {
    this.value = pruned(this.schema, put(this.value, path, next), path);
  }

  problem(path: Path): string | null {
    const wanted = formatPath(path);
    const found = this.findings.filter((finding) => formatPath(finding.path) === wanted);
    const told = this.strict
      ? found
      : found.filter(({ fault }) => fault.code !== 'required' && fault.code !== 'shortest');
    return told.map((finding) => findingWords({ ...finding, severity: 'error' })).join(' ') || null;
  }

  wrongIn(path: Path): boolean {
    return this.strict && this.findings.some((finding) => startsWith(finding.path, path));
  }
}
