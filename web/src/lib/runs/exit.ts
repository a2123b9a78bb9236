// How a command ended, as the tool that runs commands tells it.
import type { CallPart } from '$lib/stream/conversation';

/** The service writes it before the output of a command that failed; one that did well has none. */
const FIRST_LINE = /^Exit code ([1-9]\d*)$/m;

/** The exit code of a command that did not do well; null for every other call. */
export function exitCodeOf({ status, output }: CallPart): number | null {
  if (status !== 'completed' || !output?.content.startsWith('Exit code ')) return null;
  const code = FIRST_LINE.exec(output.content.slice(0, 40))?.[1];
  return code === undefined ? null : Number(code);
}
