import type { StatusAnswer } from '../../../edge/operate/status.ts'
import type { ShardStatus } from '../../data/answers.ts'
import { bytes, duration, grouped } from '../../data/numbers.ts'
import { Scrolls } from '../scrolls.tsx'

/** One row for each shard, with its own status. */
export function ShardsTable({ status }: { readonly status: StatusAnswer }) {
  return (
    <Scrolls labelledBy="shards">
      <h2 id="shards">Shards</h2>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Shard</th>
            {['Accepted', 'Settled', 'Frozen', 'Open', 'Journal', 'Lag'].map((words) => (
              <th key={words} scope="col" class="number">
                {words}
              </th>
            ))}
            <th scope="col">Last fault</th>
          </tr>
        </thead>
        <tbody>
          {status.shards.map((shard) =>
            'error' in shard ? (
              <tr key={shard.shard}>
                <th scope="row">{shard.shard}</th>
                <td colSpan={7}>{shard.error}</td>
              </tr>
            ) : (
              <ShardRow key={shard.shard} shard={shard} />
            ),
          )}
        </tbody>
      </table>
    </Scrolls>
  )
}

function ShardRow({ shard }: { readonly shard: ShardStatus }) {
  const figures = [
    grouped(shard.accepted),
    grouped(shard.settled),
    grouped(shard.frozen.increments),
    grouped(shard.open.increments),
    bytes(shard.journalBytes),
    duration(shard.lagMs),
  ]
  return (
    <tr>
      <th scope="row">{shard.shard}</th>
      {figures.map((words, i) => (
        <td key={i} class="number">
          {words}
        </td>
      ))}
      <td class="words">
        {shard.fault === null ? '' : `${shard.fault.reason} (${shard.fault.failures} in a row)`}
        {shard.moved === null ? '' : ` moved on: ${shard.moved.reason}`}
      </td>
    </tr>
  )
}
