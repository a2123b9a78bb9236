/** Prompt templates as the chat uses them. */
import { answer, api } from '$lib/api/client';

/** The text of a template with its gaps filled in; gaps that are left empty take their defaults. */
export async function rendered(id: string, values: Record<string, string>, signal?: AbortSignal): Promise<string> {
  const params = { path: { id } };
  const body = { arguments: filledIn(values) };
  const { text } = await answer(api.POST('/v1/prompt-templates/{id}/preview', { params, body, signal }));
  return text;
}

/** The values that were given, as requests take them: the client's types have no free-form objects. */
export function filledIn(values: Record<string, unknown>): Record<string, never> {
  const given = Object.entries(values).filter(([, value]) => value !== '');
  return Object.fromEntries(given) as Record<string, never>;
}
