// `npm run bench`: runs the parts that were asked for, prints what they found and keeps it in results.md.
import { type Part, type Plan, readPlan, USAGE } from './plan.ts';
import { formatSection, keep, type Section } from './results.ts';

const PARTS: Readonly<Record<Part, () => Promise<(plan: Plan) => Promise<Section>>>> = {
  webhook: async () => (await import('./parts/webhook.ts')).webhook,
  reader: async () => (await import('./parts/reader.ts')).reader,
  phases: async () => (await import('./parts/phases.ts')).phases,
  credentials: async () => (await import('./parts/credentials.ts')).credentials,
  e2e: async () => (await import('./parts/e2e.ts')).e2e,
  start: async () => (await import('./parts/start.ts')).start,
  memory: async () => (await import('./parts/memory.ts')).memory,
};

function planned(args: readonly string[]): Plan {
  try {
    return { ...readPlan(args, process.env), say: (text) => void process.stderr.write(`${text}\n`) };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exit(2);
  }
}

const plan = planned(process.argv.slice(2));
for (const part of plan.parts) {
  const run = await PARTS[part]();
  const section = formatSection(await run(plan), plan, new Date());
  process.stdout.write(`${section}\n\n`);
  if (plan.out !== undefined) keep(plan.out, part, section);
}
