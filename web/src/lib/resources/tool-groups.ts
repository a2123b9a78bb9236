// Tools by where they come from: own ones, each MCP server with what it offers, built-in ones.
import type { Schemas } from '$lib/api/client';

import { idOf, labelOf, nameOf, type Manifest } from './manifest';

export type Tool = Schemas['ToolConfig'];

export interface ToolGroup {
  /** `own`, `builtin`, or `server/NAME`. */
  key: string;
  server?: Manifest;
  tools: ToolRow[];
}

export interface ToolRow {
  tool: Tool;
  /** The Tool resource that it is; none where a server offers it or it is built in. */
  resource?: Manifest;
}

/** What the list shows, one under the other. */
export type Line = { key: string; group: ToolGroup; shown: number } | { key: string; row: ToolRow };

/** Groups of tools: resources first, then servers by name, then what is built in. */
export function groupTools(tools: Tool[], resources: Manifest[], servers: Manifest[]): ToolGroup[] {
  const byId = new Map(resources.map((resource) => [idOf(resource), resource]));
  const own: ToolRow[] = [];
  const builtin: ToolRow[] = [];
  const offered = new Map<string, ToolRow[]>(servers.map((server) => [idOf(server), []]));
  for (const tool of tools) {
    const resource = byId.get(tool.tool_id);
    byId.delete(tool.tool_id);
    if (resource) own.push({ tool, resource });
    else if (tool.builtin) builtin.push({ tool });
    else (offered.get(tool.mcp_server_name ?? '') ?? own).push({ tool });
  }
  // A resource that is not served is no tool yet, and must be seen all the more.
  for (const resource of byId.values()) own.push({ tool: unserved(resource), resource });
  const of = servers.map((server) => ({
    key: `server/${nameOf(server)}`,
    server,
    tools: offered.get(idOf(server)) ?? [],
  }));
  const groups = [{ key: 'own', tools: own }, ...of, { key: 'builtin', tools: builtin }];
  return groups.filter(({ key, tools: members }) => members.length > 0 || key.startsWith('server/'));
}

function unserved(resource: Manifest): Tool {
  const { description, parameters } = resource.spec as { description?: string; parameters?: Record<string, never> };
  return {
    tool_id: idOf(resource),
    tool_type: 'function',
    name: labelOf(resource),
    description: description ?? '',
    parameters: parameters ?? {},
  };
}

/** The lines of a list of groups, of which some are folded; a search shows what it finds, folded or not. */
export function linesOf(groups: ToolGroup[], search: string, folded: ReadonlySet<string>): Line[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return groups.flatMap((group): Line[] => {
    const heading = group.server ? `${labelOf(group.server)} ${nameOf(group.server)}`.toLowerCase() : '';
    const found = group.tools.filter(({ tool }) => {
      const text = `${heading}\n${tool.tool_id}\n${tool.name}\n${tool.description}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const isEmpty = found.length === 0 && words.length > 0 && !words.every((word) => heading.includes(word));
    if (isEmpty) return [];
    const rows = folded.has(group.key) && words.length === 0 ? [] : found;
    return [
      { key: group.key, group, shown: found.length },
      ...rows.map((row) => ({ key: `${group.key}/${row.tool.tool_id}`, row })),
    ];
  });
}

/** The page of a tool. */
export function toolPath({ tool, resource }: ToolRow): string {
  return resource
    ? `/tools/Tool/${encodeURIComponent(nameOf(resource))}`
    : `/tools/call/${encodeURIComponent(tool.tool_id)}`;
}
