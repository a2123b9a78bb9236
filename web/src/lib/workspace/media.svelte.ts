// Addresses that the browser loads by itself, in an image or a video, which cannot bring a token: where one is needed
// the bytes are fetched first and shown from memory.
import { ApiError, authorizedFetch } from '$lib/api/client';
import { currentCredentials } from '$lib/api/connection';

export class Media {
  /** What `src` takes; null until it is there. */
  address = $state<string | null>(null);
  error = $state.raw<ApiError | null>(null);

  /** Follows an address; `always` fetches also where no token is needed. Call it within an effect, and the result at its end. */
  load(path: string, always = false): () => void {
    this.error = null;
    if (!always && currentCredentials().token() === null) {
      this.address = path;
      return () => {};
    }
    const abort = new AbortController();
    let made: string | null = null;
    this.address = null;
    bytesOf(path, abort.signal).then(
      (blob) => (this.address = made = URL.createObjectURL(blob)),
      (thrown: unknown) => {
        if (!abort.signal.aborted) this.error = ApiError.from(thrown);
      },
    );
    return () => {
      abort.abort();
      if (made !== null) URL.revokeObjectURL(made);
    };
  }
}

async function bytesOf(path: string, signal: AbortSignal): Promise<Blob> {
  const response = await authorizedFetch(path, { signal });
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => null));
  return response.blob();
}

/** The first bytes of a file as text, and whether there are more. Null where they are no text. */
export async function textOf(
  path: string,
  most: number,
  signal: AbortSignal,
): Promise<{ text: string; cut: boolean } | null> {
  const response = await authorizedFetch(path, { headers: { range: `bytes=0-${most - 1}` }, signal });
  // An empty file has no first byte.
  if (response.status === 416) return { text: '', cut: false };
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => null));
  const bytes = new Uint8Array(await response.arrayBuffer());
  const total = Number(/\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1] ?? bytes.length);
  if (bytes.subarray(0, 8000).includes(0)) return null;
  return { text: new TextDecoder().decode(bytes.subarray(0, most)), cut: total > most };
}
