import { describe, expect, it } from 'vitest';

import { format, placeholders } from './format';
import { FAMILIES } from './keys';

const files = import.meta.glob<Record<string, string>>('../../messages/*/*.json', { import: 'default', eager: true });
const messages = (language: string, family: string) => files[`../../messages/${language}/${family}.json`] ?? {};

describe('the message files', () => {
  it.each(FAMILIES)('have the same keys in both languages: %s', (family) => {
    expect(Object.keys(messages('zh', family)).sort()).toEqual(Object.keys(messages('en', family)).sort());
  });

  it.each(FAMILIES)('have the same placeholders in both languages: %s', (family) => {
    const chinese = messages('zh', family);
    for (const [key, message] of Object.entries(messages('en', family))) {
      expect([key, placeholders(chinese[key] ?? '')]).toEqual([key, placeholders(message)]);
    }
  });

  it.each(FAMILIES)('say something under every key: %s', (family) => {
    for (const language of ['en', 'zh']) {
      for (const [key, message] of Object.entries(messages(language, family))) {
        expect(message.trim(), `${language}/${family}.json ${key}`).not.toBe('');
      }
    }
  });
});

describe('every message', () => {
  it.each(FAMILIES)('is put together without braces that stay: %s', (family) => {
    for (const language of ['en', 'zh']) {
      const nested = Object.entries(messages(language, family)).filter(([, message]) => /\{\w+:[^{}]*\{/.test(message));
      expect(nested).toEqual([]);
    }
  });
});

describe('the Chinese messages', () => {
  // What is written as code keeps its own marks.
  const code = ['server.paste.shape', 'name.characters'];
  const half = /[\u4e00-\u9fff”}] ?[,;:?!()]|[,;:?!()] ?[\u4e00-\u9fff“{]/;

  it.each(FAMILIES)('have the punctuation of their language: %s', (family) => {
    const wrong = Object.entries(messages('zh', family)).filter(
      ([key, message]) => !code.includes(key) && half.test(message.replace(/\{[^{}]*\}/g, '{}')),
    );
    expect(wrong).toEqual([]);
  });
});

describe('a message', () => {
  it('takes its values', () => {
    expect(format('{name} has {count} {count:file|files}', { name: 'Ada', count: 1 }, 'en')).toBe('Ada has 1 file');
    expect(format('{name} has {count} {count:file|files}', { name: 'Ada', count: 2 }, 'en')).toBe('Ada has 2 files');
  });

  it('has one form in Chinese', () => {
    expect(format('{count} 个文件', { count: 1 }, 'zh')).toBe('1 个文件');
  });
});
