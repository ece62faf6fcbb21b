// What the feed sends, one type for each topic. Times are Unix milliseconds, durations milliseconds, rates are per second; what is absent is not known.

export interface Totals {
  callsPerSecond?: number;
  errorsPerSecond?: number;
  inFlight?: number;
  activations?: number;
  p50?: number;
  p95?: number;
  p99?: number;
}

export interface Load {
  activations?: number;
  clients?: number;
  cpu?: number;
  memory?: number;
  queueDelayMs?: number;
  overloaded?: boolean;
  suspects?: string[];
}

export interface Silo {
  address: string;
  name: string;
  status: string;
  release?: string;
  roles?: string[];
  startedAt?: number;
  problem?: string;
  load?: Load;
  callsPerSecond?: number;
  errorsPerSecond?: number;
  p50?: number;
  p99?: number;
  answers?: boolean;
}

export interface Gateway {
  name: string;
  address?: string;
  release?: string;
  startedAt?: number;
  callsPerSecond?: number;
  errorsPerSecond?: number;
  inFlight?: number;
  p50?: number;
  p99?: number;
  cpu?: number;
  memory?: number;
  here?: boolean;
}

export interface Overview {
  at: number;
  process?: string;
  totals: Totals;
  silos: Silo[];
  gateways: Gateway[];
}

type Column = (number | null)[];

export interface History {
  stepMs: number;
  at: number[];
  callsPerSecond: Column;
  errorsPerSecond: Column;
  p50: Column;
  p99: Column;
  activations: Column;
  inFlight: Column;
}

export type Severity = 'info' | 'good' | 'warning' | 'bad';

export interface ClusterEvent {
  id: number | string;
  at: number;
  kind: string;
  severity: Severity;
  subject?: string;
  text: string;
}

export interface Method {
  name: string;
  kind?: string;
  callsPerSecond?: number;
  errorsPerSecond?: number;
  errors?: Record<string, number>;
  inFlight?: number;
  p50?: number;
  p95?: number;
  p99?: number;
  max?: number;
}

export interface Service {
  name: string;
  version?: number;
  interface?: string;
  owner?: string;
  objective?: { latencyMs?: number; availability?: number };
  methods: Method[];
}

export interface SlowCall {
  method: string;
  grain?: string;
  ms: number;
  at: number;
  traceId?: string;
  silo?: string;
  code?: string;
  caller?: string;
}

export interface Services {
  services: Service[];
  slowest?: SlowCall[];
}

export interface ServicesHistory {
  stepMs: number;
  rates: Record<string, Column>;
}

export interface GrainType {
  type: string;
  class?: string;
  service?: string;
  total: number;
  silos: Record<string, number>;
  callsPerSecond?: number;
  errorsPerSecond?: number;
  p99?: number;
}

export interface Grains {
  types: GrainType[];
  hot?: { grain: string; silo?: string; callsPerSecond: number }[];
  mailboxes?: { grain: string; silo?: string; waiting: number; running?: number }[];
}

export interface GrainCall {
  at: number;
  method: string;
  ms: number;
  queuedMs?: number;
  code?: string;
  traceId?: string;
  caller?: string;
}

export interface Grain {
  grain: string;
  found: boolean;
  silo?: string;
  since?: number;
  lastUsed?: number;
  waiting?: number;
  running?: number;
  calls?: GrainCall[];
  states?: { name: string; storage?: string; bytes?: number; etag?: string }[];
}

export interface Breaker {
  method: string;
  state: 'closed' | 'open' | 'half-open';
  since?: number;
  calls?: number;
  failures?: number;
}

export interface GatewayLimits {
  name: string;
  rateLimits?: { policy: string; tokens?: number; periodMs?: number; burst?: number; shared?: boolean; grantedPerSecond?: number; refusedPerSecond?: number }[];
  redisAway?: boolean;
  shedding?: { active?: boolean; limit?: number; inFlight?: number; waiting?: number; refusedPerSecond?: number };
  bulkheads?: { service: string; inFlight?: number; limit?: number; refusedPerSecond?: number }[];
  breakers?: Breaker[];
  retries?: { perSecond?: number; refusedPerSecond?: number };
  hedges?: { perSecond?: number; wonPerSecond?: number };
}

export interface Limits {
  gateways: GatewayLimits[];
}

export interface GraphNode {
  id: string;
  kind: 'gateway' | 'service' | 'grain';
  label: string;
  owner?: string;
  callsPerSecond?: number;
  errorsPerSecond?: number;
  p99?: number;
}

export interface GraphEdge {
  from: string;
  to: string;
  callsPerSecond?: number;
  errorsPerSecond?: number;
  p99?: number;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export interface LogEntry {
  process: string;
  sequence: number;
  at: number;
  level: string;
  category: string;
  text: string;
  traceId?: string;
  spanId?: string;
  exception?: string;
}

export interface Logs {
  entries: LogEntry[];
  missed?: number;
}

export interface LogOverride {
  process?: string;
  category: string;
  level: string;
  until?: number;
  by?: string;
}

/** Topics and their types. */
export interface Topics {
  overview: Overview;
  history: History;
  events: { events: ClusterEvent[] };
  services: Services;
  'services-history': ServicesHistory;
  grains: Grains;
  grain: Grain;
  limits: Limits;
  graph: Graph;
  logs: Logs;
  'log-levels': { overrides: LogOverride[] };
}

export type Topic = keyof Topics;
