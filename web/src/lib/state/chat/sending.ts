// What is sent to the service: what a person says, who answers it, and what is told before it.
import { send, sendToTeam, type InferInput, type IsKnown, type Started } from '$lib/chat/send';
import { filledIn } from '$lib/chat/template';

import type { Filled } from './setup.svelte';

/** What a person says. */
export interface Said {
  text: string;
  images: readonly string[];
  audio?: string;
  /** The template that the text was made of. */
  template?: Filled;
}

/** Who answers, and how: the part of a request that is not the message. */
export type Composition = Pick<InferInput, 'agent_id' | 'model_id' | 'tool_ids' | 'workspace'> & { team_id?: string };

/** What is sent: the message, who is to answer it, and what is told before it. */
export interface Sending {
  said: Said;
  composition: Composition;
  /** Instructions, or a rendered template, put before the message. */
  before?: NonNullable<InferInput['messages']>;
  interrupt?: boolean;
}

/** Sends it to a session, or to a new one where there is none, and learns which run came of it. */
export function deliver(sending: Sending, session: string | null, isKnown: IsKnown): Promise<Started> {
  const { said, composition, before = [], interrupt } = sending;
  const messages = [...before, messageOf(said)];
  const input = { ...composition, session_id: session ?? 'new', messages, interrupt };
  const { team_id } = composition;
  return team_id ? sendToTeam({ ...input, team_id }) : send(input, isKnown);
}

function messageOf({ text, images, audio, template }: Said): NonNullable<InferInput['messages']>[number] {
  const message = { role: 'user', content: text, images: images.length > 0 ? [...images] : undefined, audio };
  if (!template) return message;
  return { ...message, prompt_template: template.template, arguments: filledIn(template.values) };
}
