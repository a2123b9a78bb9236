import { afterEach, describe, expect, it, vi } from 'vitest';

import { authorizedFetch, useCredentials } from './connection';

function serve(answerTo: (request: Request) => Response): Request[] {
  const seen: Request[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    seen.push(request);
    return answerTo(request);
  });
  return seen;
}

const guarded = (request: Request) =>
  new Response(null, { status: request.headers.get('authorization') === 'Bearer good' ? 200 : 401 });

afterEach(() => vi.unstubAllGlobals());

describe('a request', () => {
  it('that is refused is sent again, body and all, once somebody has signed in', async () => {
    const seen = serve(guarded);
    let token: string | null = 'stale';
    useCredentials({ token: () => token, renew: async () => ((token = 'good'), true) });

    const response = await authorizedFetch('http://localhost/v1/runs', { method: 'POST', body: 'typed' });

    expect(response.status).toBe(200);
    expect(seen).toHaveLength(2);
    expect(await seen[1]?.text()).toBe('typed');
  });

  it('stays refused when nobody signs in', async () => {
    const seen = serve(guarded);
    useCredentials({ token: () => null, renew: async () => false });
    expect((await authorizedFetch('http://localhost/v1/runs')).status).toBe(401);
    expect(seen).toHaveLength(1);
  });
});
