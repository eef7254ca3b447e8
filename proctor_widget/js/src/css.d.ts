/** Style sheets are bundled by esbuild beside the module that imports them. */
declare module '*.css';
