// A turn's place on the page: only what shows the turn that changed is drawn again.
import { isOpen, type Turn } from '$lib/stream/conversation';

import type { Change } from './following';

export class TurnCell {
  turn = $state.raw() as Turn;

  constructor(
    /** Stays, also where the turn's own key changes because the service has stored it. */
    readonly key: string,
    turn: Turn,
  ) {
    this.turn = turn;
  }
}

/** The cells of some turns; those that are there already are kept, and with them what they show. */
export function cellsOf(
  turns: readonly Turn[],
  before: readonly TurnCell[],
  keyOf: (turn: Turn) => string,
): readonly TurnCell[] {
  const known = new Map(before.map((cell) => [cell.key, cell]));
  const cells = turns.map((turn) => {
    const key = keyOf(turn);
    const cell = known.get(key);
    if (!cell) return new TurnCell(key, turn);
    if (cell.turn !== turn) cell.turn = turn;
    return cell;
  });
  const same = cells.length === before.length && cells.every((cell, index) => cell === before[index]);
  return same ? before : cells;
}

/** Puts runs that have grown into their cells; whether that was all that has changed on the page. */
export function grow(cells: readonly TurnCell[], changes: readonly Change[]): boolean {
  let all = true;
  for (const { before, after } of changes) {
    const run = after.turn.runId;
    const cell = cells.find((cell) => cell.turn.kind === 'assistant' && cell.turn.runId === run);
    if (cell && cell.turn.kind === 'assistant' && isOpen(after.turn)) {
      cell.turn = cell.turn.name ? { ...after.turn, name: cell.turn.name } : after.turn;
      all &&= before.turn.status === after.turn.status;
    } else {
      all = false;
    }
  }
  return all;
}
