// What the chart renders for those who watch it: the alerts and the dashboard are the very files that are tested, wherever their
// pages are, and the monitors find what is to be read, whatever the release is called.
import t from 'tap';
import { parse } from 'yaml';
import { read } from '../docs/documents.ts';
import { find, render } from './render.ts';

const ELSEWHERE = { release: 'acme', namespace: 'acme-pull' };
const EVERYTHING = ['rules', 'serviceMonitor', 'podMonitor', 'dashboard'].map((part) => [
  `monitoring.${part}.enabled`,
  true,
]);
const enabled = render(Object.fromEntries(EVERYTHING), ELSEWHERE);

t.test('the PrometheusRule holds the very rules, with the pages where the values say', async (t) => {
  t.same(find(await enabled, 'PrometheusRule').spec, parse(read('charts/pullpass/files/rules.yaml')));
  const runbookUrl = 'https://wiki.acme.example/pages/';
  const moved = await render({ 'monitoring.rules.enabled': true, 'monitoring.rules.runbookUrl': runbookUrl });
  const { groups } = find(moved, 'PrometheusRule').spec;
  const urls: string[] = groups.flatMap(({ rules }: { rules: { annotations: { runbook_url: string } }[] }) =>
    rules.map(({ annotations }) => annotations.runbook_url),
  );
  t.ok(urls.length > 10);
  for (const url of urls) t.match(url, /^https:\/\/wiki\.acme\.example\/pages\/Pullpass\w+\.md$/);
});

t.test('a monitor finds the Service or the Pods of its release, and their port of health', async (t) => {
  const service = find(await enabled, 'Service');
  const { template } = find(await enabled, 'Deployment').spec;
  const { selector, endpoints } = find(await enabled, 'ServiceMonitor').spec;
  const { selector: podSelector, podMetricsEndpoints } = find(await enabled, 'PodMonitor').spec;
  t.match(selector.matchLabels, { 'app.kubernetes.io/instance': 'acme' });
  t.match(service.metadata.labels, selector.matchLabels);
  t.match(podSelector.matchLabels, { 'app.kubernetes.io/instance': 'acme' });
  t.match(template.metadata.labels, podSelector.matchLabels);
  t.same(endpoints, [{ port: 'health', path: '/metrics' }]);
  t.same(podMetricsEndpoints, endpoints);
  const names = (ports: readonly { readonly name: string }[]) => ports.map(({ name }) => name);
  t.ok(names(service.spec.ports).includes('health'));
  t.ok(names(template.spec.containers[0].ports).includes('health'));
});

t.test('the dashboard is a ConfigMap that the sidecar of Grafana finds, and is the file', async (t) => {
  const { data, metadata } = find(await enabled, 'ConfigMap', 'acme-pullpass-dashboard');
  t.same(data, { 'pullpass.json': read('charts/pullpass/files/dashboard.json').trimEnd() });
  t.match(metadata, { namespace: 'acme-pull', labels: { grafana_dashboard: '1' } });
});
