// Which cluster, and as whom: reads the kubeconfig (or the Pod's own ServiceAccount) and hands out the headers and the
// connections for the next call. It must never put a token or the output of an exec plugin into a message. The surprising
// rule: KubeConfig makes new connections for every call and never closes them, so its dispatcher is replaced by a kept one.
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { type DispatcherOptions, HttpMethod, KubeConfig, RequestContext } from '@kubernetes/client-node';
import { Agent, type buildConnector, type Dispatcher } from 'undici';
import type { Time } from './time.ts';
import { ApiUnavailable } from './unavailable.ts';

const TOKEN_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token';
/** Files and exec plugins are asked at most this often; a token lives for minutes at least. */
const GRANT_MS = 1_000;
/** Below the API server's 90 s, so that we close an idle connection before it does. */
const IDLE_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Watches occupy a few for good; the rest is for calls. */
const MAX_CONNECTIONS = 64;

export interface Choice {
  /** Path of a kubeconfig; absent: the Pod's own ServiceAccount, else $KUBECONFIG, else ~/.kube/config. */
  readonly kubeconfig?: string;
  readonly context?: string;
}

export interface Grant {
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
}

export interface Access {
  readonly server: URL;
  readonly namespace: string;
  /** The headers and connections for a call that is made right now. */
  grant(): Promise<Grant>;
  /** Later calls go on new connections; what is under way ends on those that it has. */
  renew(): void;
  close(): Promise<void>;
}

/** @throws Error with a hint when there is no cluster to talk to or no such context */
export function openAccess(choice: Choice, time: Pick<Time, 'now'>): Access {
  const config = load(choice);
  const dispatchers = keepDispatcher(config);
  const server = new URL(config.getCurrentCluster()?.server ?? '');
  let last: { readonly grant: Promise<Grant>; readonly made: number; until: number } | undefined;

  async function ask(): Promise<Grant> {
    const context = new RequestContext(server.href, HttpMethod.GET);
    await config.applySecurityAuthentication(context).catch(() => {
      // Its own message may quote the output of an exec plugin.
      throw new ApiUnavailable('unauthenticated', 'check the certificate, token or exec plugin of the kubeconfig');
    });
    const headers = Object.entries(context.getHeaders()).map(([name, value]) => [name, value.trim()]);
    return { headers: Object.fromEntries(headers), dispatcher: dispatchers.current() };
  }

  function grant(): Promise<Grant> {
    const now = time.now();
    if (last && now < last.until && now >= last.made) return last.grant;
    const asked = { grant: ask(), made: now, until: Number.POSITIVE_INFINITY };
    last = asked;
    asked.grant.then(
      () => {
        asked.until = time.now() + GRANT_MS;
      },
      () => {
        asked.until = 0;
      },
    );
    return asked.grant;
  }

  function renew(): void {
    last = undefined;
    dispatchers.renew();
  }

  const namespace = config.getContextObject(config.getCurrentContext())?.namespace?.trim() || 'default';
  return { server, namespace, grant, renew, close: dispatchers.close };
}

function load({ kubeconfig, context }: Choice): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig !== undefined) config.loadFromFile(kubeconfig);
    else if (context === undefined && existsSync(TOKEN_FILE)) config.loadFromCluster();
    else config.loadFromDefault();
  } catch (error) {
    throw new Error(`the kubeconfig ${kubeconfig ?? 'that is the default'} ${whyUnread(error)}`);
  }
  if (context !== undefined) {
    const names = config.getContexts().map(({ name }) => name);
    if (!names.includes(context)) {
      throw new Error(`the kubeconfig has no context "${context}", it has ${names.join(', ') || 'none'}`);
    }
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  if (!cluster || !URL.canParse(cluster.server)) {
    throw new Error('the kubeconfig names no cluster, choose a context or set current-context');
  }
  if (cluster.server.startsWith('http:') && !cluster.skipTLSVerify) {
    throw new Error('no cluster to talk to over https, name a kubeconfig or set KUBECONFIG');
  }
  return config;
}

/** A message of the parser quotes the lines around what it stumbled over, and these hold tokens and keys. */
function whyUnread(error: unknown): string {
  if (error instanceof Error && 'code' in error) return `cannot be read: ${String(error.code)}`;
  const { mark } = (error ?? {}) as { readonly mark?: { readonly line?: number } };
  return mark?.line === undefined ? 'is not of the form of one' : `is not valid YAML (line ${mark.line + 1})`;
}

interface Dispatchers {
  current(): Dispatcher;
  /** The next one is another. */
  renew(): void;
  close(): Promise<void>;
}

/** Replaces `createDispatcher` of this one KubeConfig; new connections are made only when certificates changed. */
function keepDispatcher(config: KubeConfig): Dispatchers {
  const original: unknown = Reflect.get(config, 'createDispatcher');
  const newPlain = (): Agent => new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS }, ...limits() });
  let plain = newPlain();
  let kept: { readonly options: DispatcherOptions; readonly dispatcher: Dispatcher } | undefined;

  function build(options: DispatcherOptions, args: readonly unknown[]): Dispatcher {
    if (options.type === 'none') return plain;
    if (options.type === 'agent') {
      // The cast: both are the options of tls.connect, which only differ in how they spell "may be absent".
      const connect = { ...options.connect, timeout: CONNECT_TIMEOUT_MS } as buildConnector.BuildOptions;
      return new Agent({ connect, ...limits() });
    }
    if (typeof original !== 'function') throw new Error('this version of @kubernetes/client-node has no dispatchers');
    return original.apply(config, args);
  }

  function leave(): void {
    const left = kept?.dispatcher;
    kept = undefined;
    // Closing lets what is under way end first; watches move over when they end by themselves.
    if (left && left !== plain) left.close().catch(() => undefined);
  }

  function createDispatcher(...args: Parameters<KubeConfig['createDispatcherOptions']>): Dispatcher {
    const options = config.createDispatcherOptions(...args);
    if (kept && isDeepStrictEqual(kept.options, options)) return kept.dispatcher;
    leave();
    kept = { options, dispatcher: build(options, args) };
    return kept.dispatcher;
  }

  Object.assign(config, { createDispatcher });
  return {
    current: () => kept?.dispatcher ?? plain,
    renew() {
      leave();
      plain.close().catch(() => undefined);
      plain = newPlain();
    },
    async close() {
      await Promise.all([kept?.dispatcher.destroy(), plain.destroy()]);
    },
  };
}

function limits(): Agent.Options {
  // HTTP/1.1: with HTTP/2 one lost packet would hold up every watch and every write together.
  return { allowH2: false, connections: MAX_CONNECTIONS, keepAliveTimeout: IDLE_MS, pipelining: 1 };
}
