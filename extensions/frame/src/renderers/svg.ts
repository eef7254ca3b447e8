import { provide } from '../renderer';
import { asText } from '../text';

const HAS_NAMESPACE = /<svg[^>]+xmlns=[^>]+svg/;

provide('svg', {
  async show({ data, metadata }, host) {
    const source = asText(data);
    const whole = HAS_NAMESPACE.test(source)
      ? source
      : source.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg"');
    // As a picture: nothing runs in it, and it loads nothing.
    const picture = new Image();
    picture.src = `data:image/svg+xml,${encodeURIComponent(whole)}`;
    picture.alt = typeof metadata['alt'] === 'string' ? metadata['alt'] : '';
    host.classList.add('jp-RenderedSVG');
    host.classList.toggle('jp-mod-unconfined', metadata['unconfined'] === true);
    host.append(picture);
    await picture.decode().catch(() => {
      throw new Error('This picture could not be read.');
    });
  }
});
