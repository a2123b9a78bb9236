/** Tells the other tabs of this browser what the service's feed does not: that turns were taken back. */

const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('troupe-chat');

interface Told {
  revoked: string;
}

export function shareRevoke(session: string): void {
  channel?.postMessage({ revoked: session } satisfies Told);
}

/** Hears which conversations lost turns in another tab. */
export function hearRevokes(run: (session: string) => void): void {
  channel?.addEventListener('message', (event: MessageEvent<Told>) => run(event.data.revoked));
}
