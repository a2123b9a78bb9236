/** Who can answer, as the picker shows it. */
import type { AgentChoice, ModelChoice } from '$lib/resources/choice';
import type { Target } from '$lib/state/chat/setup.svelte';

export interface Offer {
  kind: Target;
  id: string;
  label: string;
  detail: string;
  /** Why it cannot be chosen; empty where it can. */
  trouble: string;
}

interface Choices {
  agents: AgentChoice[];
  teams: AgentChoice[];
  models: ModelChoice[];
}

export function offers({ agents, teams, models }: Choices): Offer[] {
  const trouble = ({ ready, trouble }: { ready: boolean; trouble: string }) => (ready ? '' : trouble || '—');
  const agent = (kind: Target) => (choice: AgentChoice) => {
    const { id, label, description: detail } = choice;
    return { kind, id, label, detail, trouble: trouble(choice) };
  };
  return [
    ...agents.map(agent('agent')),
    ...teams.map(agent('team')),
    ...models.map((choice): Offer => {
      const detail = [choice.model, choice.protocol].filter(Boolean).join(' · ');
      return { kind: 'model', id: choice.id, label: choice.label, detail, trouble: trouble(choice) };
    }),
  ];
}

/** Who answers where nobody was chosen: the first agent, else the first model, that is served. */
export function first(all: readonly Offer[]): Offer | undefined {
  const ready = all.filter((offer) => offer.trouble === '' && offer.kind !== 'team');
  return ready.find((offer) => offer.kind === 'agent') ?? ready[0];
}
