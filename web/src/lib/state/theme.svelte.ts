// The theme: dark, light, or whatever the system has.
import { createContext } from 'svelte';

export const THEMES = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof THEMES)[number];

const STORED = 'theme';

export class Theme {
  choice = $state<ThemeChoice>(stored());
  #systemIsDark = $state(matchMedia('(prefers-color-scheme: dark)').matches);

  constructor() {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', (event) => {
      this.#systemIsDark = event.matches;
      this.apply();
    });
    this.apply();
  }

  /** `light` or `dark`: what is shown. */
  get shown(): 'light' | 'dark' {
    if (this.choice !== 'system') return this.choice;
    return this.#systemIsDark ? 'dark' : 'light';
  }

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    localStorage.setItem(STORED, choice);
    this.apply();
  }

  apply(): void {
    document.documentElement.dataset.theme = this.shown;
  }
}

function stored(): ThemeChoice {
  const found = localStorage.getItem(STORED);
  return THEMES.find((theme) => theme === found) ?? 'system';
}

export const [getTheme, setTheme] = createContext<Theme>();
