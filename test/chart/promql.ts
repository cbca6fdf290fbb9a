// What expressions of Prometheus select, and what there is to select. They are read by their words, not by their grammar, which
// is promtool's: enough for ours. The surprising rule: whoever reads our metrics puts labels on them too, and a label of ours of
// the same name is called `exported_…` then.
import { createMetrics } from '../../src/telemetry/metrics.ts';

export interface Selection {
  readonly metric: string;
  /** By label, what the value is compared with: a text or a regular expression. */
  readonly matchers: ReadonlyMap<string, string>;
}

/** What Prometheus says of where a series comes from. */
const TARGET_LABELS = ['cluster', 'namespace', 'pod', 'instance', 'job'];

export function selectionsIn(expression: string): readonly Selection[] {
  return [...expression.matchAll(/\b(pullpass_\w+)(?:\{([^}]*)\})?/g)].map(([, metric = '', inside = '']) => ({
    metric,
    matchers: new Map(
      [...inside.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/g)].map(([, name = '', to = '']) => [name, to]),
    ),
  }));
}

/** The labels that results are kept apart or matched by. */
export function groupingsIn(expression: string): readonly string[] {
  const lists = [...expression.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)];
  return lists.flatMap(([, list = '']) => list.split(',').map((label) => label.trim()));
}

/** Every series that a replica shows, with the labels that it has in Prometheus. */
export async function knownSeries(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { registry } = createMetrics();
  const types = new Map((await registry.getMetricsAsJSON()).map(({ name, type }) => [name, String(type)]));
  const known = new Map<string, ReadonlySet<string>>();
  for (const metric of registry.getMetricsAsArray()) {
    const { name, labelNames } = metric as unknown as { readonly name: string; readonly labelNames: readonly string[] };
    const own = labelNames.map((label) => (TARGET_LABELS.includes(label) ? `exported_${label}` : label));
    const labels = [...TARGET_LABELS, ...own];
    if (types.get(name) !== 'histogram') known.set(name, new Set(labels));
    else {
      known.set(`${name}_bucket`, new Set([...labels, 'le']));
      for (const part of ['sum', 'count']) known.set(`${name}_${part}`, new Set(labels));
    }
  }
  return known;
}

/** @returns in words, what an expression selects or groups by that there is not */
export function unknownIn(expression: string, known: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const selections = selectionsIn(expression);
  const problems = selections.flatMap(({ metric, matchers }) => {
    const labels = known.get(metric);
    if (labels === undefined) return [`there is no ${metric}`];
    return [...matchers.keys()].filter((label) => !labels.has(label)).map((label) => `${metric} has no ${label}`);
  });
  const some = new Set(selections.flatMap(({ metric }) => [...(known.get(metric) ?? [])]));
  const groupings = groupingsIn(expression).filter((label) => !some.has(label));
  return [...problems, ...groupings.map((label) => `nothing has ${label}`)];
}
