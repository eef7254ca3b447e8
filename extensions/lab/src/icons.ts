import { LabIcon } from '@jupyterlab/ui-components';

/** Drawn for this project: a clock hand that goes back. */
export const replayIcon = new LabIcon({
  name: 'nbinterview:replay',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
    '<path class="jp-icon3" fill="#616161" d="M12 4a8 8 0 1 1-7.7 5.8l1.9.5A6 6 0 1 0 12 6' +
    'v3L7.5 5 12 1z"/><path class="jp-icon3" fill="#616161" d="m10.2 9 5 3-5 3z"/></svg>'
});

/** Drawn for this project: a tick that begins at the top. */
export const checkIcon = new LabIcon({
  name: 'nbinterview:check',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
    '<path class="jp-icon3" fill="#616161" d="M4 4h16v2H4z"/><path class="jp-icon3" ' +
    'fill="#616161" d="m9.5 16.6-4-4L4.1 14l5.4 5.4L20 8.9l-1.4-1.4z"/></svg>'
});

/** Drawn for this project: a notebook page with a mark at its side. */
export const panelIcon = new LabIcon({
  name: 'nbinterview:panel',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
    '<path class="jp-icon3" fill="#616161" d="M5 3h14a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H5' +
    'a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm0 2v14h8V5H5zm10 0v14h4V5h-4z"/>' +
    '<circle class="jp-icon3" fill="#616161" cx="17" cy="8" r="1.4"/>' +
    '<circle class="jp-icon3" fill="#616161" cx="17" cy="12" r="1.4"/></svg>'
});

/** Drawn for this project: a page with an eye of one's own. */
export const recordIcon = new LabIcon({
  name: 'nbinterview:record',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
    '<path class="jp-icon3" fill="#616161" d="M6 3h12a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H6' +
    'a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm0 2v14h12V5H6z"/><path class="jp-icon3" ' +
    'fill="#616161" d="M12 7.5c2.2 0 4 1.4 4.7 3-.7 1.6-2.5 3-4.7 3s-4-1.4-4.7-3c.7-1.6 ' +
    '2.5-3 4.7-3zm0 1.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6zM8 15.5h8V17H8z"/></svg>'
});
