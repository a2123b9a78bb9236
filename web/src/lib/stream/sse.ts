/** Server-sent events out of a response's body: EventSource sends no Authorization, `fetch` does. */

/** One event. */
export interface Frame {
  /** `message` unless it is named. */
  event: string;
  data: string;
  /** Its own id; `undefined` where it brings none. */
  id?: string;
}

/**
 * Cuts text that comes in pieces into events, as the HTML standard says. A line may be megabytes long (all resources of a
 * kind in one event): its pieces are looked at once, and joined once.
 */
export class FrameParser {
  #pieces: string[] = [];
  #event = '';
  #data: string[] = [];
  #id: string | undefined;

  /** The events that a piece completes. */
  push(piece: string): Frame[] {
    const frames: Frame[] = [];
    const before = this.#pieces.at(-1) ?? '';
    if (!before.endsWith('\r') && !lineEnd(piece, 0)) {
      this.#pieces.push(piece);
      return frames;
    }
    const text = this.#pieces.join('') + piece;
    let from = 0;
    for (;;) {
      const end = lineEnd(text, from);
      if (!end) break;
      this.#line(text.slice(from, end.at), frames);
      from = end.next;
    }
    this.#pieces = [text.slice(from)];
    return frames;
  }

  #line(line: string, frames: Frame[]): void {
    if (line === '') {
      if (this.#data.length > 0) {
        frames.push({ event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id });
      }
      this.#event = '';
      this.#data = [];
      this.#id = undefined;
      return;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id') this.#id = value;
  }
}

/** The end of a line, `\n`, `\r\n` or `\r`; none where a `\r` is the last letter, because a `\n` may follow. */
function lineEnd(text: string, from: number): { at: number; next: number } | null {
  for (let at = from; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === '\n') return { at, next: at + 1 };
    if (letter !== '\r') continue;
    if (at + 1 === text.length) return null;
    return { at, next: text[at + 1] === '\n' ? at + 2 : at + 1 };
  }
  return null;
}

/** A stream fell silent: not even a heartbeat came. */
export class Silence extends Error {
  constructor() {
    super('the stream fell silent');
  }
}

/**
 * The events of a body, those of one network chunk at a time; an empty list is a heartbeat. Throws [`Silence`] after
 * `patience` milliseconds without a byte: a connection that died silently is told by nothing else.
 */
export async function* framesOf(body: ReadableStream<Uint8Array>, patience: number): AsyncGenerator<Frame[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new FrameParser();
  try {
    for (;;) {
      const chunk = await within(reader.read(), patience);
      if (chunk.done) return;
      yield parser.push(decoder.decode(chunk.value, { stream: true }));
    }
  } finally {
    // Whoever stops reading wants the connection back; that it was broken already is no news.
    await reader.cancel().catch(() => undefined);
  }
}

function within<T>(pending: Promise<T>, milliseconds: number): Promise<T> {
  if (milliseconds === Number.POSITIVE_INFINITY) return pending;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Silence()), milliseconds);
    pending.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
