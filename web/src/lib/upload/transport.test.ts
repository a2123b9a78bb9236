import { expect, test } from 'vitest';

import { UploadError } from './shapes';
import { HttpTransport, failureOf } from './transport';

test.each([
  [
    400,
    '{"error":"CHUNK_SIZE_MISMATCH: the chunk has 4 bytes"}',
    'CHUNK_SIZE_MISMATCH',
    'the chunk has 4 bytes',
    false,
  ],
  [404, '{"error":"UPLOAD_NOT_FOUND"}', 'UPLOAD_NOT_FOUND', '', false],
  [409, '{"error":"UPLOAD_NOT_READY: chunk 2 is missing"}', 'UPLOAD_NOT_READY', 'chunk 2 is missing', true],
  [404, '<html>no such host</html>', 'HTTP_404', '', false],
  [503, '{"error":"the service stops"}', 'NETWORK', 'the service stops', true],
  [502, '<html>', 'NETWORK', '', true],
  [500, '', 'HTTP_500', '', true],
  [507, '{"error":"the disk is full"}', 'HTTP_507', 'the disk is full', false],
])('a %i is read as its code and its sentence', (status, body, code, detail, passing) => {
  expect(failureOf(status, body)).toEqual({ code, detail, passing });
});

test('an upload that the service does not know is null, a gateway that does not know the path is an error', async () => {
  const answering = (body: string) => new HttpTransport(async () => new Response(body, { status: 404 }), nobody);
  const { signal } = new AbortController();
  expect(await answering('{"error":"UPLOAD_NOT_FOUND"}').look('u', signal)).toBeNull();
  await expect(answering('<html>').look('u', signal)).rejects.toBeInstanceOf(UploadError);
});

test('ids are escaped in paths', async () => {
  const asked: unknown[] = [];
  const transport = new HttpTransport(async (path) => {
    asked.push(path);
    return new Response('{}');
  }, nobody);
  await transport.cancel('a/b', new AbortController().signal);
  expect(asked).toEqual(['/v1/workspace/upload/a%2Fb']);
});

const nobody = { token: () => null, renew: async () => false };
