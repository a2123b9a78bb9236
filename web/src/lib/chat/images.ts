/** Images that are pasted or dropped, as data URIs of a size that a request bears. */

/** Models look at no more than this in either direction, in pixels. */
const LARGEST = 2_048;
/** A JSON body may have ten mebibytes; several images share them. */
const HEAVIEST = 1_500_000;

export function isImage(file: File): boolean {
  return /^image\/(png|jpeg|gif|webp|bmp)$/.test(file.type);
}

/** The file as a data URI; a large one is made smaller first. */
export async function dataUri(file: File): Promise<string> {
  if (file.size <= HEAVIEST) return read(file);
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return read(await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 }));
}

function read(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => resolve(String(reader.result)));
    reader.addEventListener('error', () => reject(reader.error ?? new Error('the image cannot be read')));
    reader.readAsDataURL(blob);
  });
}
