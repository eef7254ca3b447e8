/**
 * The second opinion: is somebody in the picture in which no face was found?
 *
 * A face model alone calls about a third of honest pictures with a turned, masked or
 * half-covered face "nobody". So a model of persons is asked then, at a low rate.
 * What it was measured to be worth: docs/explanation/second-opinion.md.
 * `nbinterview_proctor/opinion.py` is the same in Python.
 */
import { ImageSegmenter } from '@mediapipe/tasks-vision';
import { rounded } from './crops.js';

/** Size of the copy that is looked at: the model's own, whatever the picture's. */
const SIDE_PX = 256;
const BLOCK_PX = 8;
/** A head at arm's length covers more than this many of the 1024 blocks. */
const SUREST_BLOCKS = 32;
/** At most so often, while no face is found. */
const EVERY_MS = 1000;

/** The files of a WASM task, as FilesetResolver gives them. */
type Fileset = Parameters<typeof ImageSegmenter.createFromOptions>[0];

/** Says when to ask: with the first picture without a face, then once a second. Pure. */
export class Asking {
  due(faces: number, at_ms: number): boolean {
    if (faces > 0) {
      this._last_ms = -Infinity;
      return false;
    }
    if (at_ms - this._last_ms < EVERY_MS) {
      return false;
    }
    this._last_ms = at_ms;
    return true;
  }

  private _last_ms = -Infinity;
}

/**
 * How sure the model is of a person, 0 to 1: the mean of the surest 32 blocks, an area
 * of 3 % of the picture. Pure.
 * @param mask confidence of each pixel of a square picture, 256 x 256.
 */
export function surest(mask: Float32Array): number {
  const across = SIDE_PX / BLOCK_PX;
  const blocks = new Float64Array(across * across);
  mask.forEach((confidence, i) => {
    const row = Math.floor(i / SIDE_PX / BLOCK_PX);
    const column = Math.floor((i % SIDE_PX) / BLOCK_PX);
    const block = row * across + column;
    blocks[block] = (blocks[block] ?? 0) + confidence / (BLOCK_PX * BLOCK_PX);
  });
  const top = blocks.sort().slice(-SUREST_BLOCKS);
  const mean = top.reduce((sum, value) => sum + value, 0) / top.length;
  return Math.min(1, Math.max(0, rounded(mean, 1e4)));
}

export class SecondOpinion {
  /** @throws whatever the vendor's loader throws. */
  static async load(fileset: Fileset, modelUrl: string): Promise<SecondOpinion> {
    // The loader of a second task is imported from the module cache, which runs
    // nothing; so its factory is laid there by hand, as the first import did.
    const loader = (await import(fileset.wasmLoaderPath)) as { default: unknown };
    Object.assign(globalThis, { ModuleFactory: loader.default });
    const segmenter = await ImageSegmenter.createFromOptions(fileset, {
      baseOptions: { modelAssetPath: modelUrl, delegate: 'CPU' },
      runningMode: 'IMAGE',
      outputCategoryMask: false,
      outputConfidenceMasks: true
    });
    const opinion = new SecondOpinion(segmenter);
    opinion._look(); // the first look takes longest: spend it now
    return opinion;
  }

  /**
   * How sure it is that somebody is there, 0 to 1. It looks twice, the second time in
   * the mirror: what is at an edge it often sees from one side only.
   */
  ask(picture: ImageBitmap): number {
    return Math.max(
      ...[false, true].map(mirrored => {
        this._canvas.setTransform(
          mirrored ? -1 : 1,
          0,
          0,
          1,
          mirrored ? SIDE_PX : 0,
          0
        );
        this._canvas.drawImage(picture, 0, 0, SIDE_PX, SIDE_PX);
        return this._look();
      })
    );
  }

  private constructor(private readonly _segmenter: ImageSegmenter) {
    const canvas = new OffscreenCanvas(SIDE_PX, SIDE_PX).getContext('2d');
    if (canvas === null) {
      throw new Error('this browser offers no canvas in a worker');
    }
    this._canvas = canvas;
  }

  private _look(): number {
    const { confidenceMasks } = this._segmenter.segment(this._canvas.canvas);
    const mask = confidenceMasks?.[0];
    if (mask === undefined) {
      throw new Error('the model of persons gave no mask');
    }
    const person = surest(mask.getAsFloat32Array());
    mask.close();
    return person;
  }

  private readonly _canvas: OffscreenCanvasRenderingContext2D;
}
