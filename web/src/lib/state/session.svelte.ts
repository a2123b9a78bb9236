// Who uses the console: the token, and whom the service takes its bearer for.
import { createContext } from 'svelte';

import { answer, api, ApiError, type Schemas } from '$lib/api/client';
import { attempt } from '$lib/api/connection';

const STORED = 'token';

export class Session {
  who = $state.raw<Schemas['WhoAmI'] | null>(null);
  /** Whether the sign-in dialog is open. */
  asking = $state(false);
  /** Whether somebody closed the dialog without a token: nothing asks again by itself. */
  dismissed = $state(false);
  /** Whether a token was refused, so that the dialog can say so. */
  refused = $state(false);
  #token = $state<string | null>(sessionStorage.getItem(STORED) ?? localStorage.getItem(STORED));
  #waiting: ((signedIn: boolean) => void)[] = [];

  get token(): string | null {
    return this.#token;
  }

  /** Asks for a token, once for all requests that wait for one. `tried` is the one that was refused. */
  renew(tried: string | null): Promise<boolean> {
    // Another request has brought a newer one meanwhile.
    if (tried !== this.#token) return Promise.resolve(true);
    this.refused = tried !== null;
    if (this.dismissed) return Promise.resolve(false);
    this.asking = true;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Opens the dialog for somebody who wants to sign in. */
  ask(): void {
    this.dismissed = false;
    this.asking = true;
  }

  /** Tries a token; throws what the service says to it. */
  async try(token: string): Promise<void> {
    const response = await attempt(new Request(new URL('/v1/whoami', location.origin)), token);
    const body: unknown = await response.json().catch(() => null);
    if (!response.ok) throw new ApiError(response.status, body);
    this.who = body as Schemas['WhoAmI'];
  }

  /** Takes a token, for this tab or, on request, for this browser; what waited goes on. */
  signIn(token: string, keep: boolean): void {
    this.#forget();
    (keep ? localStorage : sessionStorage).setItem(STORED, token);
    this.#token = token;
    this.dismissed = false;
    this.#settle(true);
  }

  /** Closes the dialog without a token: what waited fails with 401. */
  dismiss(): void {
    this.dismissed = true;
    this.#settle(false);
  }

  /** Forgets the token. The page is loaded anew, so that nothing of the person who leaves stays in memory. */
  signOut(): void {
    this.#forget();
    location.reload();
  }

  /** Asks the service who it takes us for. */
  async load(): Promise<void> {
    this.who = await answer(api.GET('/v1/whoami'));
  }

  #forget(): void {
    sessionStorage.removeItem(STORED);
    localStorage.removeItem(STORED);
    this.#token = null;
  }

  #settle(signedIn: boolean): void {
    this.asking = false;
    for (const resolve of this.#waiting.splice(0)) resolve(signedIn);
  }
}

export const [getSession, setSession] = createContext<Session>();
