// Who answers in a conversation, and with what: an agent, a team, or a model with tools and instructions.
import type { Composition } from './sending';

export type Target = 'agent' | 'team' | 'model';

/** A prompt template with its gaps filled in. */
export interface Filled {
  template: string;
  values: Record<string, string>;
}

/** Instructions: a text, or a template. */
export type Instructions = { text: string } | Filled;

interface Kept {
  kind: Target;
  id: string;
  tools: string[];
}

const STORED = 'chat-setup';

export class Setup {
  kind = $state<Target>('agent');
  /** Empty until one is chosen. */
  id = $state('');
  /** The tools of a model; an agent has its own. */
  tools = $state.raw<string[]>([]);
  /** Told as system message before the next message. */
  system = $state.raw<Instructions | null>(null);
  /** Told already: it stands in the conversation. */
  applied = $state.raw<Instructions | null>(null);
  workspace = $state<string | undefined>(undefined);

  /** As it was chosen last, in whatever conversation. */
  static last(): Setup {
    const setup = new Setup();
    try {
      const kept = JSON.parse(localStorage.getItem(STORED) ?? '{}') as Partial<Kept>;
      setup.kind = kept.kind ?? 'agent';
      setup.id = kept.id ?? '';
      setup.tools = kept.tools ?? [];
    } catch {
      // Nothing was chosen that can be read.
    }
    return setup;
  }

  /** As a conversation was answered last; nothing where it does not tell. */
  take({ agent_id, model_id, tool_ids, workspace }: Composition): void {
    if (workspace) this.workspace = workspace;
    if (agent_id) this.#set('agent', agent_id, []);
    else if (model_id) this.#set('model', model_id, tool_ids ?? []);
  }

  choose(kind: Target, id: string): void {
    this.#set(kind, id, kind === 'model' ? this.tools : []);
    this.#keep();
  }

  chooseTools(tools: string[]): void {
    this.tools = tools;
    this.#keep();
  }

  /** The part of a request that names who answers. */
  get composition(): Composition {
    const workspace = this.workspace;
    if (this.kind === 'model') return { model_id: this.id, tool_ids: this.tools, workspace };
    if (this.kind === 'team') return { team_id: this.id };
    return { agent_id: this.id, workspace };
  }

  /** The instructions were sent. */
  told(): void {
    if (this.system) this.applied = this.system;
    this.system = null;
  }

  #set(kind: Target, id: string, tools: string[]): void {
    this.kind = kind;
    this.id = id;
    this.tools = tools;
  }

  #keep(): void {
    const kept: Kept = { kind: this.kind, id: this.id, tools: this.tools };
    localStorage.setItem(STORED, JSON.stringify(kept));
  }
}
