// What a Menu lists.
import type { LucideIcon } from '@lucide/svelte';

export interface MenuAction {
  label: string;
  run: () => void;
  icon?: LucideIcon;
  keys?: string;
  danger?: boolean;
  disabled?: boolean;
  /** Given: the action is a choice that is on or off. */
  checked?: boolean;
}

export type MenuItem = MenuAction | { heading: string } | 'separator';
