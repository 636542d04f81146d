/** esbuild gathers style sheets beside the script. */
declare module '*.css'
