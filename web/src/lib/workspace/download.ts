// Files of the service as the person's own. A link sends no token: where one is needed the bytes are fetched first.
import { ApiError, authorizedFetch } from '$lib/api/client';
import { currentCredentials } from '$lib/api/connection';

/** Saves what a path answers with, under a name. Without a token the browser downloads by itself, and of any size. */
export async function saveAs(path: string, name: string): Promise<void> {
  if (currentCredentials().token() === null) {
    click(path, name);
    return;
  }
  const response = await authorizedFetch(path);
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => null));
  const address = URL.createObjectURL(await response.blob());
  click(address, name);
  // The download has begun when the click is over; the address is needed until then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Saves a text as a file. */
export function saveText(text: string, name: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  click(address, name);
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function click(href: string, download: string): void {
  const link = document.createElement('a');
  link.href = href;
  link.download = download;
  link.click();
}
