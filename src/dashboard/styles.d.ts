/** Style sheets are imported for esbuild, which bundles them next to the script. */
declare module '*.css'
