// Deployments as charts render them, some 1.5 KB each.

export function realistic(i: number): string {
  return `# Source: shop/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop-${i}
  namespace: shop
  labels:
    app.kubernetes.io/name: shop-${i}
    app.kubernetes.io/instance: release
    app.kubernetes.io/version: "1.2.3"
    app.kubernetes.io/managed-by: Helm
    helm.sh/chart: shop-1.2.3
spec:
  replicas: 2
  revisionHistoryLimit: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: shop-${i}
      app.kubernetes.io/instance: release
  template:
    metadata:
      annotations:
        checksum/config: 0123456789abcdef0123456789abcdef
      labels:
        app.kubernetes.io/name: shop-${i}
        app.kubernetes.io/instance: release
    spec:
      serviceAccountName: default
      securityContext:
        runAsNonRoot: true
        seccompProfile: { type: RuntimeDefault }
      containers:
        # the server
        - name: server
          image: "ghcr.io/acme/shop-${i}:1.2.3"
          imagePullPolicy: IfNotPresent
          args: ["--port=8080", "--log-level=info"]
          command:
            - sh
            - -c
            - |
              set -e
              exec server "$@"
          env:
            - name: DATABASE_URL
              valueFrom:
                secretKeyRef: { name: shop-${i}, key: url }
            - name: REGION
              value: eu-central-1
          ports:
            - name: http
              containerPort: 8080
          livenessProbe:
            httpGet: { path: /healthz, port: http }
          readinessProbe:
            httpGet: { path: /readyz, port: http }
          resources:
            requests: { cpu: 100m, memory: 128Mi }
            limits: { memory: 256Mi }
        - name: proxy
          image: docker.io/envoyproxy/envoy:v1.30
`;
}
