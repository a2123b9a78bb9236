// The console's words: message files by language and family, loaded when they are needed.
import { format } from './format';
import { FAMILIES, type Family, type MessageKey, type Values } from './keys';

export { FAMILIES, type Family, type MessageKey } from './keys';

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

type Messages = Record<string, string>;

const files = import.meta.glob<Messages>('../../messages/*/*.json', { import: 'default' });
const STORED = 'language';

class I18n {
  language = $state<Language>('en');
  #loaded = $state.raw<Partial<Record<Family, Messages>>>({});

  /** The language that was chosen here before, else the browser's. */
  static preferred(): Language {
    const stored = localStorage.getItem(STORED);
    const wanted = stored ? [stored] : navigator.languages;
    for (const tag of wanted) {
      const found = LANGUAGES.find((language) => tag.toLowerCase().startsWith(language));
      if (found) return found;
    }
    return 'en';
  }

  /** Begins with a language and the families that the first page needs, all fetched at once. */
  async begin(language: Language, families: Family[]): Promise<void> {
    this.#loaded = Object.fromEntries(families.map((family) => [family, {}]));
    await this.use(language);
  }

  /** Switches to a language; the words change when all that are shown have come. */
  async use(language: Language): Promise<void> {
    const families = Object.keys(this.#loaded) as Family[];
    const loaded = await fetchAll(language, families);
    this.language = language;
    this.#loaded = loaded;
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : language;
  }

  /** As [`use`], and remembered for the next time. */
  async choose(language: Language): Promise<void> {
    await this.use(language);
    localStorage.setItem(STORED, language);
  }

  /** Sees to it that these families' words are there. */
  async load(...families: Family[]): Promise<void> {
    const missing = families.filter((family) => !this.#loaded[family]);
    if (missing.length === 0) return;
    const loaded = await fetchAll(this.language, missing);
    this.#loaded = { ...this.#loaded, ...loaded };
  }

  message(key: string): string | undefined {
    const dot = key.indexOf('.');
    return this.#loaded[key.slice(0, dot) as Family]?.[key.slice(dot + 1)];
  }
}

async function fetchAll(language: Language, families: Family[]): Promise<Partial<Record<Family, Messages>>> {
  const entries = families.map(async (family) => {
    const file = files[`../../messages/${language}/${family}.json`];
    return [family, file ? await file() : {}] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as Partial<Record<Family, Messages>>;
}

export const i18n = new I18n();
export const preferredLanguage = I18n.preferred;

/** The words of a key in the language that is chosen. A key that is not loaded shows itself. */
export function t(key: MessageKey, values: Values = {}): string {
  return format(i18n.message(key) ?? key, values, i18n.language);
}

/** As [`t`] for a key that is put together while running; `otherwise` where there is no such message. */
export function tOr(key: string, otherwise: string, values: Values = {}): string {
  const message = i18n.message(key);
  return message === undefined ? otherwise : format(message, values, i18n.language);
}

/** Every family of the message files. */
export const families = FAMILIES;
