// What went wrong with a request, as a sentence with a remedy.
import { tOr, t } from '$lib/i18n/i18n.svelte';

/** Something wrong with a field of a resource, as validation tells it. */
export interface FieldFinding {
  path: string;
  message: string;
  severity: string;
  line?: number | null;
  column?: number | null;
}

interface Problem {
  detail?: unknown;
  error?: unknown;
  field?: unknown;
  findings?: unknown;
}

export class ApiError extends Error {
  /** The HTTP status; 0 where no answer came. */
  readonly status: number;
  /** What is wrong, as a sentence. */
  readonly sentence: string;
  /** What to do about it; empty where the sentence says it already. */
  readonly remedy: string;
  /** What is wrong with single fields of the request. */
  readonly fields: Record<string, string>;
  readonly findings: FieldFinding[];
  /** The whole body of the answer, for those who know more of it. */
  readonly body: unknown;

  constructor(status: number, body: unknown) {
    const problem = asProblem(body);
    const sentence = asSentence(status, problem);
    super(sentence);
    this.name = 'ApiError';
    this.status = status;
    this.sentence = sentence;
    this.remedy = tOr(`ui.error.remedy.${status}`, status >= 500 ? t('ui.error.remedy.server') : '');
    this.findings = Array.isArray(problem.findings) ? (problem.findings as FieldFinding[]) : [];
    this.fields = fieldsOf(problem, sentence, this.findings);
    this.body = body;
  }

  /** Whatever was thrown, as an error that can be shown; an abort stays what it is. */
  static from(thrown: unknown): ApiError {
    if (thrown instanceof ApiError) return thrown;
    // `fetch` rejects with a TypeError when nobody answers.
    if (thrown instanceof TypeError) return new ApiError(0, null);
    return new ApiError(-1, { detail: thrown instanceof Error ? thrown.message : String(thrown) });
  }
}

/** Whether it was thrown because somebody no longer wants the answer. */
export function isAbort(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === 'AbortError';
}

function asProblem(body: unknown): Problem {
  return typeof body === 'object' && body !== null ? (body as Problem) : {};
}

function asSentence(status: number, problem: Problem): string {
  let said = problem.detail ?? problem.error;
  // OpenAI's clients are answered with an object.
  if (typeof said === 'object' && said !== null) said = (said as { message?: unknown }).message;
  if (typeof said !== 'string' || said === '') return tOr(`ui.error.${status}`, t('ui.error.unknown', { status }));
  const first = said.charAt(0).toUpperCase() + said.slice(1);
  return /[.!?…。]$/.test(first) ? first : `${first}.`;
}

function fieldsOf(problem: Problem, sentence: string, findings: FieldFinding[]): Record<string, string> {
  const fields: Record<string, string> = {};
  if (typeof problem.field === 'string') fields[problem.field] = sentence;
  for (const finding of findings) fields[finding.path] ??= finding.message;
  return fields;
}
