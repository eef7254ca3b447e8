// @vitest-environment jsdom
import { expect, it, vi } from 'vitest';
import type { Film } from '../src/generated/film.js';
import widget from '../src/widget.js';
import { bigFilm } from './films.mjs';

/** What anywidget gives a front end. */
class Model {
  constructor(private readonly _traits: { film: Film; at_ms: number }) {}

  readonly saved: number[] = [];
  get = <K extends 'film' | 'at_ms'>(key: K) => this._traits[key];
  set = <K extends 'film' | 'at_ms'>(key: K, value: (typeof this._traits)[K]): void => {
    this._traits[key] = value;
  };
  save_changes = (): void => {
    this.saved.push(this._traits.at_ms);
  };
  on = (event: string, callback: () => void): void => {
    this.listeners.set(event, callback);
  };
  off = (event: string): void => {
    this.listeners.delete(event);
  };
  readonly listeners = new Map<string, () => void>();
}

it('the widget shows its film, and kernel and page share the moment', async () => {
  Element.prototype.scrollTo = () => undefined;
  const film = bigFilm({ cells: 5, edits: 60, plots: 0, minutes: 1 });
  const model = new Model({ film: {} as Film, at_ms: 2000 });
  const el = document.createElement('div');
  document.body.append(el);
  const leave = widget.render({ model, el });
  expect(el.childElementCount).toBe(0);

  model.set('film', film);
  model.listeners.get('change:film')?.();
  await vi.waitFor(() => {
    expect(el.querySelectorAll('.nbr-cell').length).toBeGreaterThan(1);
  });
  const slider = el.querySelector<HTMLInputElement>('.nbr-slider');
  expect(slider?.value).toBe('2000');
  expect(model.saved).toEqual([]);

  model.set('at_ms', 60_000);
  model.listeners.get('change:at_ms')?.();
  expect(slider?.value).toBe('60000');
  expect(el.querySelectorAll('.nbr-cell')).toHaveLength(5);

  el.querySelector<HTMLButtonElement>('.nbr-row')?.click();
  expect(model.get('at_ms')).toBe(0);
  expect(model.saved.at(-1)).toBe(0);

  leave();
  expect(el.childElementCount).toBe(0);
  expect(model.listeners.size).toBe(0);
});
