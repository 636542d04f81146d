/** npm runs scripts in the project's folder, but a path is meant from where the person stands. */
export function startedIn(script: string, env: NodeJS.ProcessEnv): string {
  const { npm_lifecycle_event, INIT_CWD } = env
  return npm_lifecycle_event === script && INIT_CWD !== undefined ? INIT_CWD : process.cwd()
}
