// A resource while somebody edits it: text and form are two views of one draft, kept in step both ways.
import { untrack } from 'svelte';

import { ApiError, isAbort, type FieldFinding } from '$lib/api/client';
import { applyManifest, findingsOf, readManifest, tryManifest } from '$lib/resources/api';
import { editable, nameOf, type Manifest } from '$lib/resources/manifest';
import { at, put, same, textAt } from '$lib/schema/edit';
import { pruned } from '$lib/schema/form';
import type { KindSchema, Plural } from '$lib/schema/kind';
import { merge, type Merged } from '$lib/schema/merge';
import { formatPath, parsePath, startsWith, type Path } from '$lib/schema/path';
import { checkManifest, type Fault } from '$lib/schema/validate';
import { read, rewrite, write } from '$lib/schema/yaml';

/** The service is asked what it thinks when nothing was typed for this long, in milliseconds. */
const QUIET = 350;

/** Something wrong with the draft: known here by its fault, or told by the service. */
export interface DraftFinding {
  path: Path;
  severity: 'error' | 'warning';
  fault?: Fault;
  message?: string;
  /** Where it is in the text, from 1, for what has no path. */
  line?: number;
  column?: number;
}

/** Somebody else wrote while this draft was open. */
export interface Conflict {
  theirs: Manifest;
  /** Both changes in one, where they do not contradict each other. */
  merged: Merged;
}

export class Draft {
  text = $state('');
  /** What the form shows: the last text that could be read. */
  value = $state.raw<unknown>(undefined);
  base = $state.raw<Manifest | null>(null);
  saving = $state(false);
  /** Whether what the service says is about the text that is shown. */
  checked = $state(false);
  conflict = $state.raw<Conflict | null>(null);
  error = $state.raw<ApiError | null>(null);
  #baseText = $state('');
  #told = $state.raw<FieldFinding[]>([]);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | null = null;

  readonly parsed = $derived(read(this.text));
  readonly dirty = $derived(this.text !== this.#baseText && !this.#saysTheSame());
  readonly findings: DraftFinding[] = $derived(this.#findings());
  readonly broken = $derived(this.parsed.broken.length > 0);

  constructor(
    readonly plural: Plural,
    readonly schema: KindSchema,
    start: Manifest | unknown,
    /** Whether `start` is a resource that is there, rather than what a new one begins with. */
    exists: boolean,
  ) {
    if (exists) this.#take(start as Manifest);
    else {
      this.text = write(start);
      this.value = start;
      this.#check();
    }
  }

  get name(): string {
    return this.base ? nameOf(this.base) : textAt(this.value, ['metadata', 'name']);
  }

  /** The text as somebody types it. */
  setText(text: string): void {
    if (text === this.text) return;
    this.text = text;
    const { value, broken } = this.parsed;
    if (broken.length === 0 && value !== undefined) this.value = value;
    this.#check();
  }

  /** A field as the form changes it; `undefined` takes it out. */
  set(path: Path, next: unknown): void {
    const whole = { properties: { spec: this.schema.spec }, required: ['spec', 'metadata'] };
    const value = pruned(whole, put(this.value, path, next), path);
    if (same(value, this.value)) return;
    this.value = value;
    this.text = rewrite(this.text, value);
    this.#check();
  }

  /** What is wrong with a field itself. */
  at(path: Path): DraftFinding[] {
    const wanted = formatPath(path);
    return this.findings.filter((finding) => formatPath(finding.path) === wanted);
  }

  /** Whether something is wrong with a field or in it. */
  wrongIn(path: Path): boolean {
    return this.findings.some((finding) => finding.severity === 'error' && startsWith(finding.path, path));
  }

  revert(): void {
    if (this.base) this.#take(this.base);
  }

  /** What the service has now: taken over where nothing was changed here, and remembered as a conflict where it was. */
  refresh(theirs: Manifest): void {
    untrack(() => this.#refresh(theirs));
  }

  #refresh(theirs: Manifest): void {
    if (!this.base || theirs.metadata.resourceVersion === this.base.metadata.resourceVersion) {
      // Conditions come and go without a new version.
      if (this.base && !same(theirs.status, this.base.status)) this.base = { ...this.base, status: theirs.status };
      return;
    }
    const onlyStatus = same(editable(theirs), editable(this.base));
    if (onlyStatus) this.base = theirs;
    else if (!this.dirty) this.#take(theirs);
    else if (!this.saving) this.#contradict(theirs);
  }

  /** Writes it; null where it was refused, and then `findings`, `conflict` or `error` says why. */
  async save(options: { force?: boolean } = {}): Promise<Manifest | null> {
    this.saving = true;
    this.error = null;
    try {
      const version = this.base?.metadata.resourceVersion;
      const saved = await applyManifest(this.plural, this.name, this.text, { version, ...options });
      this.#take(saved);
      return saved;
    } catch (thrown) {
      await this.#refused(ApiError.from(thrown));
      return null;
    } finally {
      this.saving = false;
    }
  }

  /** Ends a conflict with their text. */
  takeTheirs(): void {
    if (this.conflict) this.#take(this.conflict.theirs);
  }

  /** Ends a conflict with ours, over theirs; it is not written yet. */
  keepOurs(): void {
    if (!this.conflict) return;
    this.#rebase(this.conflict.theirs);
  }

  /** Ends a conflict with both changes; it is not written yet. */
  takeBoth(): void {
    if (!this.conflict) return;
    const { theirs, merged } = this.conflict;
    this.#rebase(theirs);
    this.value = merged.value;
    this.text = rewrite(this.text, merged.value);
    this.#check();
  }

  /** Nothing more is asked. */
  close(): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }

  #take(manifest: Manifest): void {
    this.#rebase(manifest);
    this.text = this.#baseText;
    this.value = editable(manifest);
    this.#told = [];
    this.#check();
  }

  #rebase(manifest: Manifest): void {
    this.base = manifest;
    this.#baseText = write(editable(manifest));
    this.conflict = null;
    this.error = null;
  }

  #contradict(theirs: Manifest): void {
    const base = this.base ? editable(this.base) : {};
    this.conflict = { theirs, merged: merge(base, this.value, editable(theirs)) };
  }

  async #refused(error: ApiError): Promise<void> {
    if (error.status === 412) {
      try {
        this.#contradict(await readManifest(this.plural, this.name));
        return;
      } catch (thrown) {
        this.error = ApiError.from(thrown);
        return;
      }
    }
    try {
      this.#told = findingsOf(error);
      this.checked = true;
    } catch {
      // It is no finding about the text: it is told as it is.
    }
    this.error = error;
  }

  #saysTheSame(): boolean {
    const { value, broken } = this.parsed;
    return broken.length === 0 && this.base !== null && same(value, editable(this.base));
  }

  #findings(): DraftFinding[] {
    const { broken, document } = this.parsed;
    void document;
    if (broken.length > 0) {
      return broken.map(({ message, from }) => ({ path: [], severity: 'error', message, ...placeOf(this.text, from) }));
    }
    const known = checkManifest(this.schema, this.value).map(({ path, fault }): DraftFinding => ({
      path,
      fault,
      severity: 'error',
    }));
    const told = this.#told.map((finding): DraftFinding => {
      const path = parsePath(finding.path);
      const severity = finding.severity === 'warning' ? 'warning' : 'error';
      return {
        path,
        severity,
        message: finding.message,
        line: finding.line ?? undefined,
        column: finding.column ?? undefined,
      };
    });
    // The service says the same of the same field in its own words: those of the rules are equal, the others need not be.
    const isKnown = ({ path }: DraftFinding) => known.some((finding) => formatPath(finding.path) === formatPath(path));
    return [...known, ...told.filter((finding) => !isKnown(finding))];
  }

  /** Asks the service what it thinks of the draft, a moment after the last change. */
  #check(): void {
    this.checked = false;
    clearTimeout(this.#timer);
    this.#asking?.abort();
    if (this.broken || this.name === '' || at(this.value, ['spec']) === undefined) {
      this.#told = [];
      return;
    }
    this.#timer = setTimeout(() => void this.#ask(), QUIET);
  }

  async #ask(): Promise<void> {
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const told = await tryManifest(this.plural, this.name, this.text, asking.signal);
      if (asking.signal.aborted) return;
      this.#told = told;
      this.checked = true;
    } catch (thrown) {
      // Saving will say it; while typing it would only be in the way.
      if (!isAbort(thrown)) this.#told = [];
    }
  }
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
