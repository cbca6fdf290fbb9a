// The images of generated Pods: public ones, and private ones of the registries that the namespace has credentials for.
import type { Random } from './random.ts';
import { registryName } from './registries.ts';

const PUBLIC = [
  'nginx:1.29.1',
  'busybox',
  'docker.io/library/redis:8.2-alpine',
  'envoyproxy/envoy:v1.36.0',
  'quay.io/prometheus/node-exporter:v1.10.0',
  'registry.k8s.io/pause:3.10',
  'ghcr.io/fluxcd/source-controller:v1.7.0',
  'public.ecr.aws/docker/library/postgres:18',
] as const;
const TEAMS = ['payments', 'checkout/web', 'platform/edge', 'data-science/notebooks', 'search'] as const;
const APPS = ['api', 'worker', 'gateway', 'migrations', 'frontend-v2', 'exporter'] as const;

export function publicImage(random: Random): string {
  return random.pick(PUBLIC);
}

/** By tag, by digest, or by both. */
export function privateImage(random: Random, registries: readonly number[]): string {
  const registry = registries[random.below(registries.length)] ?? 0;
  const name = `${registryName(registry)}/${random.pick(TEAMS)}/${random.pick(APPS)}`;
  const tag = `:2.${random.below(40)}.${random.below(20)}`;
  const digest = `@sha256:${random.hex(64)}`;
  return name + random.pick([tag, tag, digest, tag + digest]);
}
