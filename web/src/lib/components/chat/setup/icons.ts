// What stands for who answers.
import Bot from '@lucide/svelte/icons/bot';
import Box from '@lucide/svelte/icons/box';
import Users from '@lucide/svelte/icons/users';

export const ICONS = { agent: Bot, team: Users, model: Box } as const;
