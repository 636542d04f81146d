/** A deploy does not go on, for a reason that is not a bug. The message is all that needs to be shown. */
export class DeployError extends Error {
  override readonly name = 'DeployError'
}
