// The keys of the messages, as the English files have them: `family.key`.
import type chat from '$messages/en/chat.json';
import type message from '$messages/en/message.json';
import type resources from '$messages/en/resources.json';
import type runs from '$messages/en/runs.json';
import type shell from '$messages/en/shell.json';
import type ui from '$messages/en/ui.json';
import type workspace from '$messages/en/workspace.json';

interface Families {
  chat: typeof chat;
  message: typeof message;
  resources: typeof resources;
  runs: typeof runs;
  shell: typeof shell;
  ui: typeof ui;
  workspace: typeof workspace;
}

export type Family = keyof Families;
export const FAMILIES: Family[] = ['chat', 'message', 'resources', 'runs', 'shell', 'ui', 'workspace'];

export type MessageKey = { [F in Family]: `${F}.${Extract<keyof Families[F], string>}` }[Family];
export type Values = Record<string, string | number>;
