/**
 * The person's own picture with what is found in it drawn over it, for their eyes only:
 * the mesh, where the worker hands its points over, else the face's box and which way it
 * is turned. The points come while this is on screen and go nowhere else.
 */
import type { Frame } from './generated/live.js';

/** Where the points come from; null switches them off. */
export interface MeshSource {
  showMesh(listener: ((points: Float32Array) => void) | null): void;
}

const PREFIX = 'jp-nbinterview-Mesh';
/** In pixels of the page, whatever the size of the picture. */
const DOT_PX = 1.5;
const LINE_PX = 2;
/** Length of the drawn axes, as a share of the face's width. */
const AXIS = 0.6;

type Point = readonly [number, number];

/** A video and a canvas over it. Looks are in style/mesh.css. */
export class MeshView {
  constructor(label: string) {
    this.node.className = PREFIX;
    this._video.muted = true;
    this._video.playsInline = true;
    this._video.setAttribute('aria-label', label);
    this._canvas.setAttribute('aria-hidden', 'true');
    this.node.append(this._video, this._canvas);
    this.node.hidden = true;
  }

  readonly node: HTMLElement = document.createElement('div');

  /** The stream to show while it is open, or none. */
  showStream(stream: MediaStream | null): void {
    this._stream = stream;
    this._update();
  }

  /** The last measurement: its box and axes are drawn where there are no points. */
  showFrame(frame: Frame): void {
    if (this._isOpen && !this._hasPoints) {
      drawFrame(this._clear(), frame);
    }
  }

  /** Show the picture, and ask for the mesh where somebody can give it. */
  open(source: MeshSource | null): void {
    this._isOpen = true;
    this._source = source;
    source?.showMesh(points => {
      this._hasPoints = true;
      drawPoints(this._clear(), points);
    });
    this._update();
  }

  /** Nobody looks any more: no picture is played and no points are asked for. */
  close(): void {
    this._isOpen = false;
    this._hasPoints = false;
    this._source?.showMesh(null);
    this._source = null;
    this._update();
  }

  private _update(): void {
    const stream = this._isOpen ? this._stream : null;
    this.node.hidden = stream === null;
    this._clear();
    if (this._video.srcObject !== stream) {
      this._video.srcObject = stream;
      if (stream !== null) {
        // Rejected when the stream is replaced while it starts: nothing to do then.
        this._video.play().catch((_error: unknown) => undefined);
      }
    }
  }

  /** An empty canvas of the picture's size, in the style sheet's colour. */
  private _clear(): CanvasRenderingContext2D | null {
    const { videoWidth, videoHeight } = this._video;
    this._canvas.width = videoWidth;
    this._canvas.height = videoHeight;
    const context = this._canvas.getContext('2d');
    if (context !== null) {
      context.fillStyle = context.strokeStyle = getComputedStyle(this._canvas).color;
      context.lineWidth = LINE_PX * pictureScale(this._canvas);
    }
    return context;
  }

  private readonly _video = document.createElement('video');
  private readonly _canvas = document.createElement('canvas');
  private _stream: MediaStream | null = null;
  private _source: MeshSource | null = null;
  private _isOpen = false;
  private _hasPoints = false;
}

/** How many pixels of the picture one of the page is. */
function pictureScale(canvas: HTMLCanvasElement): number {
  return canvas.clientWidth > 0 ? canvas.width / canvas.clientWidth : 1;
}

function drawPoints(
  context: CanvasRenderingContext2D | null,
  points: Float32Array
): void {
  if (context === null) {
    return;
  }
  const { width, height } = context.canvas;
  const side = DOT_PX * pictureScale(context.canvas);
  for (let at = 0; at + 1 < points.length; at += 2) {
    const x = (points[at] ?? 0) * width;
    const y = (points[at + 1] ?? 0) * height;
    context.fillRect(x - side / 2, y - side / 2, side, side);
  }
}

function drawFrame(context: CanvasRenderingContext2D | null, frame: Frame): void {
  if (context === null || frame.box === undefined) {
    return;
  }
  const { width, height } = context.canvas;
  const [x, y, w, h] = frame.box as [number, number, number, number];
  context.strokeRect(x * width, y * height, w * width, h * height);
  const middle: Point = [(x + w / 2) * width, (y + h / 2) * height];
  for (const [dx, dy] of axesOf(frame.pose ?? [])) {
    context.beginPath();
    context.moveTo(...middle);
    context.lineTo(
      middle[0] + dx * AXIS * w * width,
      middle[1] + dy * AXIS * w * width
    );
    context.stroke();
  }
}

/** The head's own axes as seen in the picture: the columns of the pose, y down. */
export function axesOf(pose: readonly number[]): Point[] {
  return [0, 4, 8].flatMap(column => {
    const [x, y] = [pose[column], pose[column + 1]];
    return x === undefined || y === undefined ? [] : [[x, -y] as const];
  });
}
