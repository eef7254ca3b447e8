import { newPlot, Plots, purge } from 'plotly.js-strict-dist-min';

import type { JsonObject } from '../protocol';
import { provide } from '../renderer';

/** What of a figure's `config` is taken; the rest leads to other places. */
const CONFIG = [
  'displayModeBar',
  'doubleClick',
  'locale',
  'responsive',
  'scrollZoom',
  'staticPlot'
];

function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : {};
}

provide('plotly', {
  async show({ data }, host) {
    const figure = asObject(data);
    const config = asObject(figure['config']);
    const taken = CONFIG.filter(name => name in config);
    const plot = document.createElement('div');
    plot.className = 'plotly-graph-div';
    host.append(plot);
    await newPlot(
      plot,
      Array.isArray(figure['data']) ? figure['data'] : [],
      asObject(figure['layout']),
      {
        responsive: true,
        displaylogo: false,
        showLink: false,
        // The frame cannot download; a button that does nothing would only puzzle.
        modeBarButtonsToRemove: ['toImage', 'sendDataToCloud'],
        ...Object.fromEntries(taken.map(name => [name, config[name]]))
      }
    );
    new ResizeObserver(() => {
      if (!plot.isConnected) {
        purge(plot);
      } else if (plot.clientWidth > 0) {
        Plots.resize(plot);
      }
    }).observe(host);
  }
});
