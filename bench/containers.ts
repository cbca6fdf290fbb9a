// The containers of generated Pods, with their members in the order in which the API server encodes them. Large Pods are large
// by many small settings; some hold what JSON must escape, or other alphabets.
import type { Random } from './random.ts';

export interface Setting {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: object;
}

const ODD = [
  'jdbc:postgresql://db-primary.payments.svc:5432/ledger?ssl=true&sslmode=verify-full&connectTimeout=10',
  '{"level":"info","format":"json","fields":["time","msg"],"sampling":{"initial":100}}',
  '-Xms512m -Xmx512m -XX:+UseZGC -Dfile.encoding=UTF-8 -Djava.net.preferIPv4Stack=true',
  'Grüße aus Zürich – 東京 – Київ – 🚀',
  'line one\nline two\twith a tab and a "quote" and a \\ backslash',
  '<template id="a">&nbsp;{{ .Values.x }}</template>',
  '^/api/v[0-9]+/(users|orders)/[^/]+$',
  'a "containers":[{"image":"registry.example.com/not/an-image"}] in a value',
] as const;
const TOPICS = ['DATABASE', 'CACHE', 'FEATURE', 'TRACING', 'QUEUE', 'AUTH', 'HTTP', 'METRICS'] as const;

export function setting(random: Random, index: number): Setting {
  const name = `${random.pick(TOPICS)}_${String(index).padStart(3, '0')}_SETTING`;
  const kind = random.below(10);
  if (kind === 0) return { name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } } };
  if (kind < 3) return { name, valueFrom: { secretKeyRef: { name: `app-${random.hex(4)}`, key: 'password' } } };
  if (kind < 5) return { name, value: random.pick(ODD) };
  if (kind < 7) return { name, value: String(random.below(100_000)) };
  return { name, value: `https://service-${random.below(97)}.internal.example.com:8443/v1/${random.hex(8)}` };
}

function probe(path: string, seconds: number): object {
  return {
    httpGet: { path, port: 'http', scheme: 'HTTP' },
    initialDelaySeconds: seconds,
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  };
}

export interface ContainerOptions {
  readonly name: string;
  readonly image: string;
  readonly settings: readonly Setting[];
  readonly token: string;
  /** One that serves has ports, probes and limits, one that waits a command, and a bare one nothing that need not be. */
  readonly role: 'serves' | 'waits' | 'bare';
}

export function container({ name, image, settings, token, role }: ContainerOptions): object {
  const serves = role === 'serves';
  const mounts = [{ name: token, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }];
  return {
    name,
    image,
    ...(role === 'waits'
      ? { command: ['/bin/sh', '-c', 'until nslookup db; do echo "waiting" >&2; sleep 1; done'] }
      : {}),
    ...(serves ? { ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }] } : {}),
    ...(settings.length === 0 ? {} : { env: settings }),
    resources: serves ? { limits: { cpu: '500m', memory: '256Mi' }, requests: { cpu: '100m', memory: '128Mi' } } : {},
    volumeMounts: serves ? [{ name: 'scratch', mountPath: '/tmp' }, ...mounts] : mounts,
    ...(serves ? { livenessProbe: probe('/healthz', 10), readinessProbe: probe('/ready?full=1', 2) } : {}),
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
    ...(serves
      ? { securityContext: { capabilities: { drop: ['ALL'] }, runAsNonRoot: true, allowPrivilegeEscalation: false } }
      : {}),
  };
}
