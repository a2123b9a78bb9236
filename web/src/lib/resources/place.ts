// Where each kind has its page.
import { pluralOf, type Plural } from '$lib/schema/kind';

const BASES: Readonly<Record<Plural, string>> = {
  models: '/models',
  agents: '/agents',
  prompttemplates: '/prompts',
  tools: '/tools/Tool',
  mcpservers: '/tools/McpServer',
  teams: '/resources/teams',
  workflows: '/resources/workflows',
  runtimes: '/resources/runtimes',
};

/** What stands in place of a name for one that is to be made; no name of Kubernetes has this letter. */
export const NEW = '~new';

export const baseOf = (plural: Plural): string => BASES[plural];

/** The page of a resource; of its kind's list where the kind is unknown. */
export function pathTo(kind: string, name: string): string {
  const plural = pluralOf(kind);
  return plural ? `${BASES[plural]}/${encodeURIComponent(name)}` : '/resources';
}
