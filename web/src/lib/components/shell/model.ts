// Making the first model, and asking it for a word.
import { ApiError, answer, api, request, type Schemas } from '$lib/api/client';
import { t } from '$lib/i18n/i18n.svelte';

export const PROTOCOLS = ['openai', 'anthropic', 'ollama', 'openai-responses'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** Where each protocol is usually spoken. */
export const ADDRESSES: Record<Protocol, string> = {
  openai: 'https://api.openai.com/v1',
  'openai-responses': 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com/v1',
  ollama: 'http://127.0.0.1:11434',
};

export interface ModelDraft {
  id: string;
  protocol: Protocol;
  address: string;
  name: string;
  key: string;
  images: boolean;
}

export interface Proof {
  works: boolean;
  milliseconds: number;
  tokens: number;
  /** What the model or the service said. */
  said: string;
}

/** Makes the model, or changes the one that an earlier try has made. */
export async function saveModel(draft: ModelDraft, exists: boolean): Promise<void> {
  const body: Schemas['ModelInput'] = {
    model_id: draft.id,
    api_base: draft.address,
    model_name: draft.name,
    api_protocol: draft.protocol,
    model_type: draft.images ? 'vlm' : 'llm',
    generate_params: {},
    // Absent keeps the key that is there, empty removes it.
    ...(draft.key === '' ? {} : { api_key: draft.key }),
  };
  if (exists) await answer(api.PUT('/v1/models/{id}', { params: { path: { id: draft.id } }, body }));
  else await answer(api.POST('/v1/models', { body }));
}

interface Inferred {
  success: boolean;
  error?: string;
  messages?: { content?: unknown }[];
  stat?: { overall_ms?: number; total_tokens?: number } | null;
}

/** Asks for one word. A model that fails is no error here but the answer. */
export async function proveModel(id: string): Promise<Proof> {
  const begun = performance.now();
  const failed = (said: string): Proof => ({ works: false, milliseconds: 0, tokens: 0, said });
  try {
    const told = await request<Inferred>('POST', '/v1/infer', {
      body: { model_id: id, text: t('shell.model.probe'), max_tool_rounds: 0 },
    });
    const said = told.messages?.at(-1)?.content;
    if (!told.success) return failed(told.error ?? '');
    return {
      works: true,
      milliseconds: Math.round(told.stat?.overall_ms ?? performance.now() - begun),
      tokens: told.stat?.total_tokens ?? 0,
      said: typeof said === 'string' ? said : '',
    };
  } catch (thrown) {
    return failed(ApiError.from(thrown).sentence);
  }
}

/** A name for the model here, from what its provider calls it: `gpt-4o` of `openai/GPT-4o`. */
export function nameFor(model: string): string {
  const last = model.split('/').at(-1) ?? '';
  return last
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);
}
