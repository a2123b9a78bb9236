// The resources that the service has: one store per kind, and what pickers offer of them.
import { createContext, untrack } from 'svelte';

import { answer, api, ApiError, type Schemas } from '$lib/api/client';
import { listPage } from '$lib/resources/api';
import { currencyOf } from '$lib/resources/currency';
import { followKind, type FeedEvent } from '$lib/resources/feed';
import { idOf, labelOf, nameOf, type Manifest } from '$lib/resources/manifest';
import { agentChoice, modelChoice, templateChoice, toolChoice } from '$lib/resources/choice';
import { PLURALS, type Plural } from '$lib/schema/kind';
import type { Connection } from '$lib/stream/connect';

export type { AgentChoice, ModelChoice, TemplateChoice, ToolChoice } from '$lib/resources/choice';

/** What was read is taken as it is for this long, in milliseconds. */
const FRESH = 5_000;
/** A page that is left and entered again goes on with its connection, in milliseconds. */
const GRACE = 1_000;

const byName = new Intl.Collator('en', { numeric: true });

/** `lost`: what is shown was true once; the connection is tried again. */
export type Phase = 'idle' | 'loading' | 'loaded' | 'live' | 'lost';

/** The resources of one kind. */
export class KindStore {
  items = $state.raw<Manifest[]>([]);
  phase = $state<Phase>('idle');
  error = $state.raw<ApiError | null>(null);
  readonly #named = $derived(new Map(this.items.map((item) => [nameOf(item), item])));
  #known = new Map<string, Manifest>();
  #watchers = 0;
  #following: AbortController | null = null;
  #loading: Promise<void> | null = null;
  #loadedAt = 0;

  constructor(readonly plural: Plural) {}

  /** Whether there is something to show. */
  get ready(): boolean {
    return this.phase === 'loaded' || this.phase === 'live' || (this.phase === 'lost' && this.#known.size > 0);
  }

  find(name: string): Manifest | undefined {
    return this.#named.get(name);
  }

  /** Reads all pages, unless that was done a moment ago or somebody follows the kind anyway. */
  load(): Promise<void> {
    // Whoever asks from an effect does not want to ask again with every answer.
    const isFresh = Date.now() - this.#loadedAt < FRESH || untrack(() => this.phase) === 'live';
    if (isFresh) return Promise.resolve();
    this.#loading ??= untrack(() => this.#read()).finally(() => (this.#loading = null));
    return this.#loading;
  }

  /** Reads anew, whatever is known. */
  reload(): Promise<void> {
    this.#loadedAt = 0;
    return this.load();
  }

  /**
   * Follows the kind until the function that is returned is called. Each kind takes a connection, and browsers give an
   * origin six: only a page that shows a list follows it.
   */
  watch(): () => void {
    this.#watchers += 1;
    if (!this.#following) untrack(() => this.#follow());
    return () => {
      this.#watchers -= 1;
      setTimeout(() => this.#leave(), GRACE);
    };
  }

  /** Tries again what failed for good. */
  retry(): void {
    if (this.#watchers > 0 && !this.#following) this.#follow();
    else if (this.#watchers === 0) void this.reload().catch(() => undefined);
  }

  /** Takes what a write answered before the feed tells it. */
  put(manifest: Manifest): void {
    this.#take([{ event: 'modified', object: manifest }]);
  }

  drop(name: string): void {
    this.#take([{ event: 'deleted', name }]);
  }

  #leave(): void {
    if (this.#watchers > 0 || !this.#following) return;
    this.#following.abort();
    this.#following = null;
    if (this.phase === 'live') this.phase = 'loaded';
  }

  #follow(): void {
    const following = new AbortController();
    this.#following = following;
    if (this.phase === 'idle') this.phase = 'loading';
    const listener = {
      events: (events: FeedEvent[]) => {
        this.#take(events);
        this.phase = 'live';
      },
      connection: (connection: Connection) => {
        if (connection === 'broken') this.phase = 'lost';
        else if (this.phase === 'lost') this.phase = this.#known.size > 0 ? 'live' : 'loading';
        this.error = null;
      },
    };
    followKind(this.plural, listener, following.signal).catch((thrown: unknown) => {
      this.error = ApiError.from(thrown);
      this.phase = 'lost';
      // Whoever asks again begins anew.
      if (this.#following === following) this.#following = null;
    });
  }

  async #read(): Promise<void> {
    if (this.phase === 'idle') this.phase = 'loading';
    try {
      const known = new Map<string, Manifest>();
      let cursor: string | undefined;
      do {
        const page = await listPage(this.plural, cursor);
        for (const item of page.items) known.set(nameOf(item), item);
        cursor = page.cursor ?? undefined;
        // The first page is shown while the others come.
        if (this.#known.size <= known.size) this.#show(known);
      } while (cursor);
      this.#show(known);
      this.#loadedAt = Date.now();
      this.error = null;
      if (this.phase !== 'live') this.phase = 'loaded';
    } catch (thrown) {
      this.error = ApiError.from(thrown);
      this.phase = 'lost';
      throw this.error;
    }
  }

  #take(events: FeedEvent[]): void {
    let known = this.#known;
    for (const event of events) {
      if (event.event === 'init') known = new Map(event.items.map((item) => [nameOf(item), item]));
      else if (event.event === 'deleted') known.delete(event.name);
      else known.set(nameOf(event.object), event.object);
    }
    this.#show(known);
  }

  #show(known: Map<string, Manifest>): void {
    this.#known = known;
    this.items = [...known.values()].sort((left, right) => byName.compare(nameOf(left), nameOf(right)));
  }
}

/** Every tool that can be called: Tool resources, what MCP servers offer, and the built-in ones. */
export class ToolStore {
  items = $state.raw<Schemas['ToolConfig'][]>([]);
  phase = $state<Phase>('idle');
  error = $state.raw<ApiError | null>(null);
  #loading: Promise<void> | null = null;

  /** Asks the service, which asks every server for at most two seconds. */
  load(): Promise<void> {
    this.#loading ??= untrack(() => this.#read()).finally(() => (this.#loading = null));
    return this.#loading;
  }

  async #read(): Promise<void> {
    if (this.phase === 'idle') this.phase = 'loading';
    try {
      this.items = (await answer(api.GET('/v1/tools'))).tools;
      this.phase = 'loaded';
      this.error = null;
    } catch (thrown) {
      this.error = ApiError.from(thrown);
      this.phase = 'lost';
      throw this.error;
    }
  }
}

/**
 * All resources. A picker calls `load` when it is opened and offers `agents`, `models`, `tools` and `templates`; `id` of
 * a choice is what requests name.
 */
export class Resources {
  readonly kinds = Object.fromEntries(PLURALS.map((plural) => [plural, new KindStore(plural)])) as Record<
    Plural,
    KindStore
  >;
  readonly tool = new ToolStore();
  readonly agents = $derived(this.kinds.agents.items.map(agentChoice));
  readonly teams = $derived(this.kinds.teams.items.map(agentChoice));
  readonly models = $derived(this.kinds.models.items.map(modelChoice));
  readonly templates = $derived(this.kinds.prompttemplates.items.map(templateChoice));
  readonly tools = $derived(this.tool.items.map(toolChoice));
  /** Of all prices; undefined where it is not known, or not one. */
  readonly currency = $derived(currencyOf(this.kinds.models.items));

  /** What pickers need, read anew where it may be old. A kind that cannot be read leaves its choices as they are. */
  async load(): Promise<void> {
    const { agents, teams, models, prompttemplates } = this.kinds;
    await Promise.allSettled([
      ...[agents, teams, models, prompttemplates].map((kind) => kind.load()),
      this.tool.load(),
    ]);
  }

  /** What pages about runs call things by. Where it cannot be read they make do with names. */
  async loadNames(): Promise<void> {
    const { agents, models } = this.kinds;
    await Promise.allSettled([agents.load(), models.load()]);
  }

  /** What people call the agent of a name or an id; what was given where it is not known. */
  calledAgent(name: string): string {
    const { agents } = this.kinds;
    const agent = agents.find(name) ?? agents.items.find((item) => idOf(item) === name);
    return agent ? labelOf(agent) : name;
  }

  of(plural: Plural): KindStore {
    return this.kinds[plural];
  }
}

export const [getResources, setResources] = createContext<Resources>();
