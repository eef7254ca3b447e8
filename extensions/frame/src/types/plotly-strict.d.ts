declare module 'plotly.js-strict-dist-min' {
  export function newPlot(
    host: HTMLElement,
    data: unknown[],
    layout: object,
    config: object
  ): Promise<void>;
  export function purge(host: HTMLElement): void;
  export const Plots: { resize(host: HTMLElement): void };
}
