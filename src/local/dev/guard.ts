/**
 * Loaded into wrangler before its own code (`node --import`), which runs in a process group of its own. When
 * `npm run dev` is gone, by kill -9 too, its channel and pipes to here end, and so does the whole group. Without
 * this, wrangler and both of its workerd processes live on and keep the port (wrangler 4.156).
 */
const endGroup = () => {
  // 0 is the caller's own group.
  process.kill(0, 'SIGKILL')
}

process.on('disconnect', endGroup)
// Of the ends of the channel and the pipes any may be noticed first, and a failed write would end wrangler alone.
process.stdout.on('error', endGroup)
process.stderr.on('error', endGroup)
// The channel alone keeps nobody alive.
process.channel?.unref()
