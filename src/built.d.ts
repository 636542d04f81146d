/** What `npm run build:dashboard` makes of src/dashboard. */
declare module '*/build/dashboard.js' {
  const dashboard: {
    readonly page: string
    readonly files: Readonly<Record<string, { readonly type: string; readonly body: string }>>
  }
  export default dashboard
}
