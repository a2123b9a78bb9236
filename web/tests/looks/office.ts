// An office full of realistic things, to be photographed: resources, conversations, runs and files.
import { readFileSync } from 'node:fs';

import { here } from '../harness/places';
import { fixture, type Troupe } from '../harness/test';
import { PICTURE, put, recording } from '../workspace/files';

const manifests = fixture('office');
const server = here('tests/fixtures/tools/server.mjs');

export const office = {
  manifests: {
    ...manifests,
    'tools.yaml': (manifests['tools.yaml'] ?? '').replace('NODE', process.execPath).replace('SERVER', server),
  },
  scenario: readFileSync(here('tests/scenarios/office.yaml'), 'utf8'),
};

const SCRIPT = `"""Sums of the quarter by region."""
import csv
from collections import defaultdict


def totals(path: str) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            sums[row["region"]] += float(row["revenue"])
    return dict(sums)
`;

/** The files that everybody in the office works on. */
export async function fill(troupe: Troupe): Promise<void> {
  const files: Record<string, string | Uint8Array> = {
    'handbook/venues.md':
      '# Venues\n\n| Place | Seats | Remark |\n|---|--:|---|\n| Harbour Hall | 55 | near the station |\n',
    'handbook/agenda.md': '# 议程\n\n1. 第三季度数据\n2. 新办公室\n',
    'handbook/Travel policy, as agreed with the works council in September 2026 (final, signed).md': '# Travel\n',
    'reports/q3.csv': 'region,revenue\nNorth,184200\nSouth,96750\nOverseas,80110\n',
    'reports/totals.py': SCRIPT,
    'letters/2026-11-02 Harbour Catering.txt': 'Dear Sir or Madam,\n\nplease find our invoice R-2026-0417 enclosed.\n',
    'letters/邀请函.txt': '尊敬的客人：诚邀您光临。\n',
    'pictures/harbour.png': PICTURE,
    'pictures/lighthouse.png': PICTURE,
    'greeting.wav': recording(),
    'backup.tar.zst': new Uint8Array(300_000),
    'README.md':
      '# Lantern & Sons\n\nWhat the office works on: **letters**, reports and the handbook.\n\n- `handbook/` is what everybody may read\n- `reports/` comes from the accounts\n',
  };
  for (const [path, content] of Object.entries(files)) await put(troupe, path, content);
}

interface Run {
  id: string;
  session_id: string;
}

/** A morning in the office: answers, a plan by several, a payment that waits, a failure. */
export async function work(troupe: Troupe): Promise<Record<'figures' | 'plan' | 'payment' | 'failed', Run>> {
  const ask = (agent: string, input: string, wait = 20) =>
    troupe.api<Run>('POST', `/v1/agents/${agent}/runs`, { input, wait, session_id: 'new' });
  await ask('researcher', 'Which venues near the station have room for forty people?');
  await ask('assistant', '请安排下周的团队会议，并发送邀请');
  const figures = await ask('assistant', 'Please sum up the quarterly figures, and book a room for Thursday.');
  await ask('assistant', 'Where do visitors ring?');
  const failed = await ask('translator', 'Use the key of the old provider');
  const plan = await ask('event-planner', 'Plan the winter conference: forty guests, near the station, bilingual.');
  const payment = await ask('accountant', 'Please pay the invoice of Harbour Catering, R-2026-0417', 2);
  return { figures, plan, payment, failed };
}
