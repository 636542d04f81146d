/**
 * The configuration in a wrangler.toml. wrangler is loaded only now, because that takes seconds, and nobody should wait so
 * long for `--help`.
 *
 * @param env empty for the top level.
 * @throws what wrangler says of a file that it cannot read.
 */
export async function readWranglerConfig(path: string, env = '') {
  const { unstable_readConfig } = await import('wrangler')
  return unstable_readConfig({ config: path, env }, { hideWarnings: true })
}
