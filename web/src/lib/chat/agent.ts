/** Agents made of a conversation's setup, and setups made of an agent. */
import { answer, api, type Schemas } from '$lib/api/client';
import type { Setup } from '$lib/state/chat/setup.svelte';

import { filledIn } from './template';

type Messages = NonNullable<Schemas['InferInput']['messages']>;

/** The agent that a model with tools and instructions amounts to. */
export function agentOf(setup: Setup): Schemas['AgentInput'] {
  const system = setup.applied ?? setup.system;
  const agent: Schemas['AgentInput'] = { model_id: setup.id, tool_ids: setup.tools };
  if (system === null) return agent;
  if ('text' in system) return { ...agent, system_prompt: system.text };
  return { ...agent, template_id: system.template, template_arguments: filledIn(system.values) };
}

/** The messages that tell instructions. */
export function systemMessages(system: Setup['system']): Messages {
  if (system === null) return [];
  if ('text' in system) return [{ role: 'system', content: system.text }];
  return [{ role: 'system', content: '', prompt_template: system.template, arguments: filledIn(system.values) }];
}

/** What answers as an agent does, but with another model: its tools, and its instructions told anew. */
export async function withModel(
  agent: string,
  model: string,
): Promise<{ composition: { model_id: string; tool_ids: string[] }; before: Messages }> {
  const { tool_ids, system_prompt, template_id, template_arguments } = await answer(
    api.GET('/v1/agents/{id}', { params: { path: { id: agent } } }),
  );
  const composition = { model_id: model, tool_ids };
  if (template_id) {
    const values = filledIn(template_arguments);
    return { composition, before: [{ role: 'system', content: '', prompt_template: template_id, arguments: values }] };
  }
  return { composition, before: system_prompt ? [{ role: 'system', content: system_prompt }] : [] };
}
