// How a request reaches the service: with the token, and again once somebody has signed in.

/** Who knows the token, and can ask for another. */
export interface Credentials {
  token(): string | null;
  /** Asks for a token; true when there is a new one to try, false when the person does not want to. */
  renew(refused: string | null): Promise<boolean>;
}

let credentials: Credentials = { token: () => null, renew: async () => false };
let noted: (reached: boolean) => void = () => {};

/** Says whose token requests bring. */
export function useCredentials(given: Credentials): void {
  credentials = given;
}

/** Whose token requests bring, for a request that `fetch` cannot make. */
export function currentCredentials(): Credentials {
  return credentials;
}

/** Says who wants to know whether requests reach the service. */
export function watchReach(watcher: (reached: boolean) => void): void {
  noted = watcher;
}

/** What a proxy answers for a service that is away. */
const AWAY = [502, 504];

/**
 * `fetch` with the token. A 401 asks for another one and sends the same request again, so that whoever called does not
 * notice and nothing that was typed is lost. Bodies must be repeatable: text, JSON, a Blob, no stream.
 */
export async function authorizedFetch(input: string | Request, init: RequestInit = {}): Promise<Response> {
  const request = new Request(input, init);
  for (;;) {
    const token = credentials.token();
    const response = await attempt(request.clone(), token);
    if (response.status !== 401 || !(await credentials.renew(token))) return response;
  }
}

/** One try with a token, about which nobody is asked. */
export async function attempt(request: Request, token: string | null): Promise<Response> {
  if (token) request.headers.set('authorization', `Bearer ${token}`);
  try {
    const response = await fetch(request);
    noted(!AWAY.includes(response.status));
    return response;
  } catch (thrown) {
    // Who aborted tells nothing about the service.
    if (thrown instanceof TypeError) noted(false);
    throw thrown;
  }
}
