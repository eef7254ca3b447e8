/**
 * Small copies of a picture, and their luminance: nothing else is looked at, and only
 * the luminance of the whole is kept, for one frame.
 */
import { CROP_NAMES, CROP_SIZE_PX, type Crop, type CropName } from './crops.js';
import { LUMA_HEIGHT_PX, LUMA_WIDTH_PX, luminance } from './reduce.js';

export class Lens {
  thumbnail(picture: ImageBitmap): Float64Array {
    const whole = {
      x_px: 0,
      y_px: 0,
      width_px: picture.width,
      height_px: picture.height
    };
    return copied(this._whole, picture, whole);
  }

  crops(
    picture: ImageBitmap,
    wanted: Partial<Record<CropName, Crop>>
  ): Partial<Record<CropName, Float64Array>> {
    const found: Partial<Record<CropName, Float64Array>> = {};
    for (const name of CROP_NAMES) {
      const crop = wanted[name];
      if (crop !== undefined) {
        const canvas = name === 'face' ? this._face : this._eye;
        found[name] = copied(canvas, picture, crop);
      }
    }
    return found;
  }

  private readonly _whole = canvasOf(LUMA_WIDTH_PX, LUMA_HEIGHT_PX);
  private readonly _face = canvasOf(...CROP_SIZE_PX.face);
  private readonly _eye = canvasOf(...CROP_SIZE_PX.left);
}

function canvasOf(
  width_px: number,
  height_px: number
): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(width_px, height_px).getContext('2d', {
    willReadFrequently: true
  });
  if (context === null) {
    throw new Error('this browser offers no canvas in a worker');
  }
  return context;
}

function copied(
  context: OffscreenCanvasRenderingContext2D,
  picture: ImageBitmap,
  { x_px, y_px, width_px, height_px }: Crop
): Float64Array {
  const { width, height } = context.canvas;
  context.drawImage(picture, x_px, y_px, width_px, height_px, 0, 0, width, height);
  return luminance(context.getImageData(0, 0, width, height).data);
}
