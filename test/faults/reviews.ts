// AdmissionReviews as the API server sends them for Pods of a given size: metadata, managed fields, containers with
// environment, and so on. A real large Pod is large by many small fields, so that is what the padding is made of.

const IMAGE = 'ghcr.io/acme/app:1';

/** A whole POST, head and body, for a Pod of about so many bytes in a namespace. */
export function postOf(namespace: string, bytes: number, image = IMAGE): Buffer {
  return withHead(Buffer.from(reviewOf(namespace, bytes, image)));
}

/** The same for the update of a Deployment to another image. It must be parsed, and so costs several times as much. */
export function updatePostOf(namespace: string, bytes: number): Buffer {
  return withHead(Buffer.from(sized(bytes, (variables) => updateReview(namespace, variables))));
}

function withHead(body: Buffer): Buffer {
  const head = [
    'POST /mutate?timeout=10s HTTP/1.1',
    'Host: pullpass.pullpass-system.svc:443',
    'User-Agent: kube-apiserver-admission',
    `Content-Length: ${body.length}`,
    'Accept: application/json, */*',
    'Content-Type: application/json',
    'Accept-Encoding: gzip',
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

export function reviewOf(namespace: string, bytes: number, image = IMAGE): string {
  return sized(bytes, (variables) => review(namespace, image, variables));
}

function sized(bytes: number, make: (variables: number) => object): string {
  const bare = JSON.stringify(make(0));
  const step = JSON.stringify(make(100)).length - bare.length;
  return JSON.stringify(make(Math.max(0, Math.round(((bytes - bare.length) / step) * 100))));
}

function updateReview(namespace: string, variables: number): object {
  const { request, ...envelope } = review(namespace, IMAGE, 0);
  const kind = { group: 'apps', version: 'v1', kind: 'Deployment' };
  const resource = { group: 'apps', version: 'v1', resource: 'deployments' };
  const deployment = (image: string): object => {
    const { metadata, spec } = podOf(namespace, image, variables);
    return { kind: 'Deployment', apiVersion: 'apps/v1', metadata, spec: { replicas: 3, template: { metadata, spec } } };
  };
  const asked = { kind, resource, requestKind: kind, requestResource: resource, operation: 'UPDATE' };
  const objects = { object: deployment(IMAGE), oldObject: deployment('ghcr.io/acme/app:0') };
  return { ...envelope, request: { ...request, ...asked, ...objects } };
}

function review(namespace: string, image: string, variables: number) {
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: '0df28fbd-5f5f-11e8-bc74-36e6bb280816',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      requestKind: { group: '', version: 'v1', kind: 'Pod' },
      requestResource: { group: '', version: 'v1', resource: 'pods' },
      name: 'web-7c5ddbdf54-x2x7k',
      namespace,
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        uid: 'a1b2',
        groups: ['system:authenticated'],
      },
      object: podOf(namespace, image, variables),
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  };
}

function podOf(namespace: string, image: string, variables: number) {
  const env = Array.from({ length: variables }, (_, i) => ({
    name: `SETTING_${String(i).padStart(5, '0')}`,
    value: `https://service-${i % 97}.internal.example.com:8443/v1`,
  }));
  const container = (name: string, index: number) => ({
    name,
    image,
    ports: [{ name: 'http', containerPort: 8080 + index, protocol: 'TCP' }],
    env: env.filter((_, i) => i % 2 === index),
    resources: { limits: { cpu: '500m', memory: '256Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
    volumeMounts: [
      { name: 'kube-api-access-x2x7k', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ],
    livenessProbe: { httpGet: { path: '/healthz', port: 'http' }, timeoutSeconds: 1, periodSeconds: 10 },
    imagePullPolicy: 'IfNotPresent',
    securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  });
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      generateName: 'web-7c5ddbdf54-',
      namespace,
      labels: { app: 'web', 'pod-template-hash': '7c5ddbdf54' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-7c5ddbdf54', uid: 'c3d4', controller: true },
      ],
      managedFields: [
        {
          manager: 'kube-controller-manager',
          operation: 'Update',
          apiVersion: 'v1',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } }, 'f:spec': { 'f:containers': {} } },
        },
      ],
    },
    spec: {
      volumes: [
        {
          name: 'kube-api-access-x2x7k',
          projected: { sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }] },
        },
      ],
      containers: [container('web', 0), container('proxy', 1)],
      restartPolicy: 'Always',
      serviceAccountName: 'default',
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      ],
      priority: 0,
      enableServiceLinks: true,
    },
    status: {},
  };
}
