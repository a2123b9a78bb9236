// The pages that the navigation lists, in its order.
import type { LucideIcon } from '@lucide/svelte';
import Activity from '@lucide/svelte/icons/activity';
import Bot from '@lucide/svelte/icons/bot';
import Box from '@lucide/svelte/icons/box';
import Boxes from '@lucide/svelte/icons/boxes';
import ChartColumn from '@lucide/svelte/icons/chart-column';
import FolderTree from '@lucide/svelte/icons/folder-tree';
import MessageSquare from '@lucide/svelte/icons/message-square';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import SlidersHorizontal from '@lucide/svelte/icons/sliders-horizontal';
import Wrench from '@lucide/svelte/icons/wrench';

import type { MessageKey } from '$lib/i18n/i18n.svelte';

export interface NavigationPage {
  path: string;
  title: MessageKey;
  icon: LucideIcon;
  keys: string;
  /** The routes that count as this page. */
  routes: string[];
}

export const pages: NavigationPage[] = [
  { path: '/chat', keys: 'g c', title: 'shell.page.chat', icon: MessageSquare, routes: ['chat'] },
  { path: '/workspace', keys: 'g w', title: 'shell.page.workspace', icon: FolderTree, routes: ['workspace'] },
  { path: '/agents', keys: 'g a', title: 'shell.page.agents', icon: Bot, routes: ['agents'] },
  { path: '/prompts', keys: 'g p', title: 'shell.page.prompts', icon: ScrollText, routes: ['prompts'] },
  { path: '/tools', keys: 'g t', title: 'shell.page.tools', icon: Wrench, routes: ['tools'] },
  { path: '/models', keys: 'g m', title: 'shell.page.models', icon: Box, routes: ['models'] },
  { path: '/resources', keys: 'g x', title: 'shell.page.resources', icon: Boxes, routes: ['resources'] },
  { path: '/env', keys: 'g e', title: 'shell.page.env', icon: SlidersHorizontal, routes: ['env'] },
  { path: '/runs', keys: 'g r', title: 'shell.page.runs', icon: Activity, routes: ['runs', 'run'] },
  { path: '/usage', keys: 'g u', title: 'shell.page.usage', icon: ChartColumn, routes: ['usage'] },
];
