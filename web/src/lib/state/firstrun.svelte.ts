// What a service that is new still needs before anybody can talk with it: a model, then an agent.
import { createContext } from 'svelte';

import { answer, api } from '$lib/api/client';

const SKIPPED = 'welcome-skipped';

export class FirstRun {
  /** Null while nobody has looked. */
  models = $state.raw<string[] | null>(null);
  agents = $state.raw<string[] | null>(null);

  get missing(): 'model' | 'agent' | null {
    if (this.models?.length === 0) return 'model';
    if (this.agents?.length === 0) return 'agent';
    return null;
  }

  /** Whether somebody has said to find their own way. */
  get skipped(): boolean {
    return sessionStorage.getItem(SKIPPED) === 'true';
  }

  skip(): void {
    sessionStorage.setItem(SKIPPED, 'true');
  }

  async look(): Promise<void> {
    const [models, agents] = await Promise.all([answer(api.GET('/v1/models')), answer(api.GET('/v1/agents'))]);
    this.models = models.models.map((model) => model.model_id);
    this.agents = agents.agents.map((agent) => agent.agent_id);
  }
}

export const [getFirstRun, setFirstRun] = createContext<FirstRun>();
