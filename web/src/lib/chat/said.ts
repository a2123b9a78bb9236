/** What a person said in a conversation, for the arrow up: the latest last, without repetitions. */
import type { Turn } from '$lib/stream/conversation';

export function saidBefore(turns: readonly Turn[]): string[] {
  const texts = turns.flatMap((turn) => (turn.kind === 'user' && turn.text !== '' ? [turn.text] : []));
  return texts.filter((text, index) => text !== texts[index + 1]);
}
