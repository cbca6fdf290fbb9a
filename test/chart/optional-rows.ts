// Rows for the values of what an installation can do without: monitoring, policies, and how much goes when it is uninstalled. A
// row says what a value does: its path, a value, where it is seen, and what is seen there.
import { find, type Manifest } from './render.ts';

export interface ValueRow {
  readonly path: string;
  readonly value: unknown;
  readonly see: (manifests: readonly Manifest[]) => unknown;
  readonly seen: unknown;
  /** Further values that it needs to have an effect. */
  readonly beside?: Readonly<Record<string, unknown>>;
  /** It is seen only where helm has a cluster: uninstall.test.ts looks. */
  readonly inCluster?: true;
}

export const LABELS = { team: 'platform' };
export const NOTES = { 'example.com/note': 'here' };

export const OPTIONAL_ROWS: readonly ValueRow[] = [
  ...monitoring('rules', 'PrometheusRule'),
  ...monitoring('serviceMonitor', 'ServiceMonitor'),
  ...monitoring('podMonitor', 'PodMonitor'),
  ...monitoring('dashboard', 'ConfigMap', 'pullpass-dashboard'),
  {
    path: 'monitoring.rules.runbookUrl',
    value: 'https://wiki.example/alerts',
    beside: { 'monitoring.rules.enabled': true },
    see: (m) => JSON.stringify(find(m, 'PrometheusRule')).includes('"https://wiki.example/alerts/'),
    seen: true,
  },
  {
    path: 'monitoring.serviceMonitor.interval',
    value: '17s',
    beside: { 'monitoring.serviceMonitor.enabled': true },
    see: (m) => find(m, 'ServiceMonitor').spec.endpoints[0].interval,
    seen: '17s',
  },
  {
    path: 'monitoring.podMonitor.interval',
    value: '17s',
    beside: { 'monitoring.podMonitor.enabled': true },
    see: (m) => find(m, 'PodMonitor').spec.podMetricsEndpoints[0].interval,
    seen: '17s',
  },
  {
    path: 'policies.ownWrites.enabled',
    value: false,
    see: (m) => find(m, 'ValidatingAdmissionPolicy', 'pullpass-own-writes'),
    seen: undefined,
  },
  {
    path: 'policies.namespaceLabels.enabled',
    value: true,
    see: (m) => find(m, 'ValidatingAdmissionPolicy', 'pullpass-namespace-labels')?.kind,
    seen: 'ValidatingAdmissionPolicy',
  },
  {
    path: 'policies.namespaceLabels.keys',
    value: ['tier'],
    beside: { 'policies.namespaceLabels.enabled': true },
    see: (m) =>
      JSON.stringify(find(m, 'ValidatingAdmissionPolicy', 'pullpass-namespace-labels')).includes('\\"tier\\"'),
    seen: true,
  },
  {
    path: 'uninstall.removePullSecrets',
    value: true,
    inCluster: true,
    see: (m) => find(m, 'ClusterRole', 'pullpass-uninstall')?.rules[0].resourceNames,
    seen: ['pullpass-dockercfg'],
  },
];

function monitoring(value: string, kind: string, name = 'pullpass'): readonly ValueRow[] {
  const at = `monitoring.${value}`;
  const beside = { [`${at}.enabled`]: true };
  const metadata = (m: readonly Manifest[]): Manifest => find(m, kind, name)?.metadata;
  return [
    { path: `${at}.enabled`, value: true, see: (m) => metadata(m)?.name, seen: name },
    { path: `${at}.labels`, value: LABELS, beside, see: (m) => metadata(m).labels.team, seen: 'platform' },
    { path: `${at}.annotations`, value: NOTES, beside, see: (m) => metadata(m).annotations, seen: NOTES },
  ];
}
