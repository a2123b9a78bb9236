/**
 * Colours code beside the page. Each block of code is a number; its lines come in order.
 */
import { highlighterOf, type Highlighter, type Line } from './highlight';
import type { Grammar } from './languages';

/** The lines that follow those that were sent before; no grammar: the block is gone. */
export interface Request {
  block: number;
  grammar?: Grammar;
  lines: string[];
}

export interface Answer {
  block: number;
  /** None where there are no colours. */
  lines?: Line[];
}

const blocks = new Map<number, Promise<Highlighter>>();

onmessage = async ({ data: { block, grammar, lines } }: MessageEvent<Request>) => {
  if (grammar === undefined) {
    blocks.delete(block);
    return;
  }
  const highlighter = blocks.get(block) ?? highlighterOf(grammar);
  blocks.set(block, highlighter);
  const answer: Answer = { block };
  try {
    answer.lines = (await highlighter).next(lines);
  } catch {
    // A grammar that fails, or cannot be fetched, leaves the code without colours.
  }
  postMessage(answer);
};
