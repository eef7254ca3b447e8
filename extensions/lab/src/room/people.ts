/** Who is shown in the title bar, and in which order. */

import type { Person } from '../wire';

/** The people who are in the room now: the one at this page first, then by name. */
export function presentPeople(people: readonly Person[], self: string): Person[] {
  return people
    .filter(person => person.present || person.hub_name === self)
    .sort(
      (a, b) =>
        Number(b.hub_name === self) - Number(a.hub_name === self) ||
        a.display_name.localeCompare(b.display_name)
    );
}

/** Black or white, whichever can be read on this colour (`#rrggbb`). */
export function inkOn(color: string): 'black' | 'white' {
  const channels = [1, 3, 5].map(at => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const [red = 0, green = 0, blue = 0] = channels;
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  // Where contrast to white and to black are equal (WCAG 2.2): sqrt(1.05 * 0.05) - 0.05.
  return luminance > 0.179 ? 'black' : 'white';
}
