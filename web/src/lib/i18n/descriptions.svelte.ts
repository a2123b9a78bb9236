// What the API says of its fields and by its rules, in other languages than its own; what is not translated stays as it is.
import { i18n, type Language } from './i18n.svelte';

type Translations = Record<string, string>;

const files = import.meta.glob<Translations>('../schema/descriptions/*.json', { import: 'default' });

class Descriptions {
  #loaded = $state.raw<Partial<Record<Language, Translations>>>({});

  /** Sees to it that those of the language are there. A file that did not arrive is asked for with the next form. */
  async load(language: Language): Promise<void> {
    const load = files[`../schema/descriptions/${language}.json`];
    if (!load || this.#loaded[language]) return;
    const words = await load().catch(() => undefined);
    if (words) this.#loaded = { ...this.#loaded, [language]: words };
  }

  /** A description of a field, or what a rule says. */
  of(description: string): string {
    return this.#loaded[i18n.language]?.[description] ?? description;
  }
}

export const descriptions = new Descriptions();
