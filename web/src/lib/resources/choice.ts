// What a picker offers: names for people, ids for requests, and whether it can be used now.
import type { Schemas } from '$lib/api/client';
import { at, isFields, textAt } from '$lib/schema/edit';

import { firstTrouble, idOf, labelOf, nameOf, standingOf, type Manifest } from './manifest';

interface Choice {
  /** What requests name. */
  id: string;
  /** The object's name, which references name. */
  name: string;
  label: string;
  description: string;
  /** Whether it is served. */
  ready: boolean;
  /** Why it is not; empty where it is. */
  trouble: string;
}

export interface AgentChoice extends Choice {
  group: string;
  avatar: string;
  /** The name of its Model; empty where the Runtime's default is used. */
  model: string;
}

export interface ModelChoice extends Choice {
  protocol: string;
  /** The provider's name of it. */
  model: string;
  /** It takes images and audio. */
  vision: boolean;
  contextWindow: number | null;
}

/** A gap of a prompt, to be filled in by a person. */
export interface TemplateVariable {
  name: string;
  description: string;
  required: boolean;
  /** The text that stands where nothing is given. */
  default: string;
  /** The only values that are taken; any where it is empty. */
  choices: string[];
}

export interface TemplateChoice extends Choice {
  content: string;
  engine: 'Placeholder' | 'Jinja';
  variables: TemplateVariable[];
}

export interface ToolChoice {
  id: string;
  /** The name that models see. */
  label: string;
  description: string;
  /** The server that offers it, by its id; empty where none does. */
  server: string;
  kind: 'builtin' | 'mcp' | 'skill' | 'function';
  /** JSON Schema of its arguments. */
  parameters: Record<string, unknown>;
}

function choice(manifest: Manifest): Choice {
  const ready = ['ready', 'warning', 'unknown'].includes(standingOf(manifest));
  return {
    id: idOf(manifest),
    name: nameOf(manifest),
    label: labelOf(manifest),
    description: textAt(manifest.spec, ['description']) || textAt(manifest.spec, ['objective']),
    ready,
    trouble: ready ? '' : (firstTrouble(manifest)?.message ?? ''),
  };
}

export function agentChoice(manifest: Manifest): AgentChoice {
  const { spec } = manifest;
  const model = textAt(spec, ['modelRef', 'name']);
  return { ...choice(manifest), group: textAt(spec, ['group']), avatar: textAt(spec, ['avatar']), model };
}

export function modelChoice(manifest: Manifest): ModelChoice {
  const { spec } = manifest;
  const contextWindow = at(spec, ['contextWindow']);
  return {
    ...choice(manifest),
    protocol: textAt(spec, ['protocol']),
    model: textAt(spec, ['model']),
    vision: spec.kind === 'VLM',
    contextWindow: typeof contextWindow === 'number' ? contextWindow : null,
  };
}

export function templateChoice(manifest: Manifest): TemplateChoice {
  const { spec } = manifest;
  const content = textAt(spec, ['content']);
  const engine = spec.engine === 'Jinja' ? 'Jinja' : 'Placeholder';
  return { ...choice(manifest), content, engine, variables: variablesOf(spec) };
}

export function toolChoice(tool: Schemas['ToolConfig']): ToolChoice {
  return {
    id: tool.tool_id,
    label: tool.name,
    description: tool.description,
    server: tool.mcp_server_name ?? '',
    kind: tool.builtin ? 'builtin' : (tool.tool_type as ToolChoice['kind']),
    parameters: tool.parameters as Record<string, unknown>,
  };
}

/** The names of gaps in a text, each once, in the order in which they come. */
export function placeholders(content: string): string[] {
  return [...new Set([...content.matchAll(/\{\{\s*([\p{L}\p{N}_]+)\s*\}\}/gu)].map((match) => match[1] as string))];
}

/** The gaps of a template: those that it declares, then those that its text has beside. */
export function variablesOf(spec: Manifest['spec']): TemplateVariable[] {
  const declared = (Array.isArray(spec.variables) ? spec.variables : []).filter(isFields).map(variable);
  const found = placeholders(textAt(spec, ['content'])).filter((name) => !declared.some((one) => one.name === name));
  return [...declared, ...found.map((name) => variable({ name }))];
}

function variable(declared: Record<string, unknown>): TemplateVariable {
  const preset = declared.default;
  const choices = Array.isArray(declared.enum) ? declared.enum.map(String) : [];
  return {
    name: textAt(declared, ['name']),
    description: textAt(declared, ['description']),
    required: declared.required === true,
    default:
      preset === undefined || preset === null ? '' : typeof preset === 'string' ? preset : JSON.stringify(preset),
    choices,
  };
}
