// Short notices at the edge of the screen.
import { createContext } from 'svelte';

import { ApiError, isAbort } from '$lib/api/client';

export interface Toast {
  id: number;
  tone: 'info' | 'success' | 'danger';
  text: string;
  detail?: string;
  action?: { label: string; run: () => void };
}

/** Long enough to read two lines; errors stay until they are closed. */
const STAYS = 6000;

export class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;

  show(toast: Omit<Toast, 'id'>): number {
    const id = this.#next++;
    this.list.push({ ...toast, id });
    if (toast.tone !== 'danger') setTimeout(() => this.close(id), STAYS);
    return id;
  }

  success(text: string): void {
    this.show({ tone: 'success', text });
  }

  info(text: string): void {
    this.show({ tone: 'info', text });
  }

  /** Shows what was thrown; an abort is nobody's error. */
  error(thrown: unknown): void {
    if (isAbort(thrown)) return;
    const error = ApiError.from(thrown);
    this.show({ tone: 'danger', text: error.sentence, detail: error.remedy });
  }

  close(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const [getToasts, setToasts] = createContext<Toasts>();
