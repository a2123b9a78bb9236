// Every page: its path, the words that it needs, and where its code is.
import type { Family, MessageKey } from '$lib/i18n/i18n.svelte';

export interface PageProps {
  params: Record<string, string>;
  query: Record<string, string>;
}

export interface Route {
  name: string;
  path: string;
  title: MessageKey;
  families: Family[];
  /** A component that takes PageProps, or as many of them as it wants. */
  load: () => Promise<{ default: unknown }>;
}

export const routes: Route[] = [
  { name: 'chat', path: '/chat/:session?', title: 'shell.page.chat', families: ['chat', 'message'], load: () => import('../../routes/Chat.svelte') },
  { name: 'agents', path: '/agents/:name?', title: 'shell.page.agents', families: ['resources'], load: () => import('../../routes/Agents.svelte') },
  { name: 'models', path: '/models/:name?', title: 'shell.page.models', families: ['resources'], load: () => import('../../routes/Models.svelte') },
  { name: 'tools', path: '/tools/:kind?/:name?', title: 'shell.page.tools', families: ['resources'], load: () => import('../../routes/Tools.svelte') },
  { name: 'prompts', path: '/prompts/:name?', title: 'shell.page.prompts', families: ['resources'], load: () => import('../../routes/Prompts.svelte') },
  { name: 'env', path: '/env', title: 'shell.page.env', families: ['resources'], load: () => import('../../routes/Environment.svelte') },
  { name: 'resources', path: '/resources/:kind?/:name?', title: 'shell.page.resources', families: ['resources'], load: () => import('../../routes/Resources.svelte') },
  { name: 'runs', path: '/runs', title: 'shell.page.runs', families: ['runs'], load: () => import('../../routes/Runs.svelte') },
  { name: 'run', path: '/runs/:id', title: 'shell.page.run', families: ['runs', 'chat', 'message'], load: () => import('../../routes/Run.svelte') },
  { name: 'usage', path: '/usage', title: 'shell.page.usage', families: ['runs'], load: () => import('../../routes/Usage.svelte') },
  { name: 'workspace', path: '/workspace', title: 'shell.page.workspace', families: ['workspace'], load: () => import('../../routes/Workspace.svelte') },
  { name: 'welcome', path: '/welcome', title: 'shell.page.welcome', families: [], load: () => import('../../routes/Welcome.svelte') },
];
