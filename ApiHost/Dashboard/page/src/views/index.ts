import type { MakeView } from '../app';
import { consoleView } from './console';
import { grainView } from './grain';
import { grainsView } from './grains';
import { graphView } from './graph';
import { limitsView } from './limits';
import { logsView } from './logs';
import { overviewView } from './overview';
import { servicesView } from './services';

/** By the first part of the address. */
export const views: Record<string, MakeView | undefined> = {
  overview: overviewView,
  services: servicesView,
  grains: grainsView,
  grain: grainView,
  limits: limitsView,
  graph: graphView,
  logs: logsView,
  console: consoleView,
};
