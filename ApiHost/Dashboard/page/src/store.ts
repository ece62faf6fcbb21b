// What the feed has said: the last of each topic, and the series that charts are drawn from. Bounded: a page may stay open for weeks.

import type { ClusterEvent, History, Method, Overview, Service, ServicesHistory, Topic, Topics } from './types';

const span = 15 * 60_000;
const mostEvents = 500;
const sparkPoints = 60;
const fewestPoints = 6;

export const seriesNames = ['callsPerSecond', 'errorsPerSecond', 'p50', 'p99', 'activations', 'inFlight'] as const;
export type SeriesName = (typeof seriesNames)[number];

/** The cluster's totals over a quarter of an hour. */
export class Series {
  at: number[] = [];
  readonly columns: Record<SeriesName, (number | null)[]> = { callsPerSecond: [], errorsPerSecond: [], p50: [], p99: [], activations: [], inFlight: [] };

  restart(history: History): void {
    this.at = [...history.at];
    for (const name of seriesNames) this.columns[name] = this.at.map((_, i) => history[name]?.[i] ?? null);
  }

  add(overview: Overview): void {
    const last = this.at.at(-1) ?? 0;
    if (overview.at <= last) return;
    this.at.push(overview.at);
    for (const name of seriesNames) this.columns[name].push(overview.totals[name] ?? null);
    const old = this.at.findIndex(at => at >= overview.at - span);
    // Seldom, and then many: each point is moved a bounded number of times.
    if (old > 60) {
      this.at.splice(0, old);
      for (const name of seriesNames) this.columns[name].splice(0, old);
    }
  }
}

interface Spark {
  values: (number | null)[];
  since: number;
}

/** The recent rates of each method, for the small charts beside them. */
export class Sparks {
  private step = 1_000;
  private readonly sparks = new Map<string, Spark>();

  restart(history: ServicesHistory): void {
    // What nobody has looked at for long enough to make a line is begun anew, a point each second.
    if (Math.max(0, ...Object.values(history.rates).map(r => r.length)) < fewestPoints) return;
    this.step = Math.max(1_000, history.stepMs);
    this.sparks.clear();
    for (const [name, values] of Object.entries(history.rates)) this.sparks.set(name, { values: values.slice(-sparkPoints), since: Date.now() });
  }

  add(services: Service[], now: number): void {
    const seen = new Set<string>();
    for (const service of services) {
      for (const method of service.methods) {
        const name = methodId(service, method);
        seen.add(name);
        const value = method.callsPerSecond ?? null;
        const spark = this.sparks.get(name) ?? { values: [], since: 0 };
        this.sparks.set(name, spark);
        if (now - spark.since >= this.step - 100 || spark.values.length === 0) {
          spark.values.push(value);
          spark.since = now;
          if (spark.values.length > sparkPoints) spark.values.shift();
        } else {
          spark.values[spark.values.length - 1] = value;
        }
      }
    }
    for (const name of this.sparks.keys()) if (!seen.has(name)) this.sparks.delete(name);
  }

  of(name: string): (number | null)[] {
    return this.sparks.get(name)?.values ?? [];
  }
}

/** How a method is named where it is the only key: service/Method, with the version where it is not the first. */
export const methodId = (service: Service, method: Method): string => `${serviceName(service)}/${method.name}`;

const serviceName = (service: Service): string => (!service.version || service.version === 1 ? service.name : `${service.name} v${service.version}`);

// A host that was started again counts from one again.
const eventId = (event: ClusterEvent): string => `${event.id} ${event.at}`;

export class Store {
  private readonly last = new Map<Topic, unknown>();
  readonly series = new Series();
  readonly sparks = new Sparks();
  readonly events: ClusterEvent[] = [];
  private readonly eventIds = new Set<string>();

  get<T extends Topic>(topic: T): Topics[T] | undefined {
    return this.last.get(topic) as Topics[T] | undefined;
  }

  /** Gives back the events that were not known. */
  take(topic: Topic, data: unknown): ClusterEvent[] {
    this.last.set(topic, data);
    switch (topic) {
      case 'history':
        this.series.restart(data as History);
        return [];
      case 'overview':
        this.series.add(data as Overview);
        return [];
      case 'services':
        this.sparks.add((data as Topics['services']).services, Date.now());
        return [];
      case 'services-history':
        this.sparks.restart(data as ServicesHistory);
        return [];
      case 'events':
        return this.addEvents((data as Topics['events']).events);
      default:
        return [];
    }
  }

  /** What one view was told is of no use to the next. */
  forget(topics: Topic[]): void {
    for (const topic of topics) this.last.delete(topic);
  }

  private addEvents(events: ClusterEvent[]): ClusterEvent[] {
    const fresh = events.filter(event => !this.eventIds.has(eventId(event)));
    for (const event of fresh) {
      this.eventIds.add(eventId(event));
      this.events.push(event);
    }
    this.events.sort((a, b) => b.at - a.at);
    for (const old of this.events.splice(mostEvents)) this.eventIds.delete(eventId(old));
    return fresh;
  }
}
