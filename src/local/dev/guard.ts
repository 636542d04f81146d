/**
 * Ends wrangler's process group when `npm run dev` is gone, also after a kill -9, because then its channel and pipes to this
 * process end. Without this, wrangler and both of its workerd processes live on and keep the port (wrangler 4.156).
 *
 * Node loads this into wrangler before wrangler's own code (`node --import`).
 */
const endGroup = () => {
  // 0 means the caller's own group.
  process.kill(0, 'SIGKILL')
}

process.on('disconnect', endGroup)
// Whichever ends first, the channel or a pipe: a failed write would end wrangler alone.
process.stdout.on('error', endGroup)
process.stderr.on('error', endGroup)
// The channel must not keep wrangler alive by itself.
process.channel?.unref()

/*
 * wrangler takes vars on its command line, where every user of the machine could read a password. From here on the array is
 * its own, which nobody else sees.
 */
const { DATABASE_URL } = process.env
if (DATABASE_URL !== undefined) process.argv.push('--var', `DATABASE_URL:${DATABASE_URL}`)
